import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type RequestListener, type Server, STATUS_CODES } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { errorResponse, type HttpResponse, noSuchPath, upgradeRequired } from "@tidewire/edge-session";
import { clientApi, closeCodes } from "@tidewire/protocol-client";
import { type ServerOptions, type WebSocket, WebSocketServer } from "ws";
import type { AcceptedUpgrade, SocketHandlers, SocketServer, SocketServerOptions } from "./socket-engine.ts";
import { addressOf, headerOf, serveHttp } from "./ws-http.ts";
import { WsTransport } from "./ws-transport.ts";

/** A peer that does not answer a close is dropped after this. */
const CLOSE_TIMEOUT_MS = 2_000;

/** The `ws` package on node:http: for platforms without the native addon. */
export async function startWsServer(options: SocketServerOptions, handlers: SocketHandlers): Promise<SocketServer> {
  const settings: ServerOptions & { readonly closeTimeout: number } = {
    noServer: true,
    maxPayload: options.frameMaxBytes,
    perMessageDeflate: false,
    closeTimeout: CLOSE_TIMEOUT_MS,
    handleProtocols: (offered) => (offered.has(clientApi.subprotocol) ? clientApi.subprotocol : false),
  };
  const sockets = new WebSocketServer(settings);
  const server = createHttpServer(options, (incoming, outgoing) => {
    serveHttp(incoming, outgoing, handlers, options).catch(() => outgoing.destroy());
  });
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on("error", () => socket.destroy());
    upgrade(sockets, { request, socket, head }, handlers, options).catch((error: unknown) =>
      refuse(socket, errorResponse(error)),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: options.host, port: options.port, exclusive: true }, () => resolve());
  });
  return {
    kind: "ws",
    port: (server.address() as AddressInfo).port,
    stopAccepting: () => void server.close(),
    close: async () => {
      for (const socket of sockets.clients) socket.terminate();
      server.closeAllConnections();
      await new Promise<void>((resolve) => void server.close(() => resolve()));
    },
  };
}

function createHttpServer({ tls }: SocketServerOptions, listener: RequestListener): Server {
  if (tls === undefined) return createServer(listener);
  const cert = readFileSync(tls.certFile);
  const key = readFileSync(tls.keyFile);
  return createTlsServer(
    { cert, key, ...(tls.passphrase === undefined ? {} : { passphrase: tls.passphrase }) },
    listener,
  );
}

interface UpgradeAttempt {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
}

async function upgrade(
  sockets: WebSocketServer,
  { request, socket, head }: UpgradeAttempt,
  handlers: SocketHandlers,
  options: SocketServerOptions,
): Promise<void> {
  if ((request.url ?? "").split("?")[0] !== clientApi.path) {
    refuse(socket, noSuchPath());
    return;
  }
  // The package takes 8 as well.
  if (headerOf(request, "sec-websocket-version") !== "13") {
    refuse(socket, upgradeRequired());
    return;
  }
  const address = addressOf(request, options);
  const decision = await handlers.beginUpgrade({ address, header: (name) => headerOf(request, name) }).decision;
  if (decision.kind === "refuse") refuse(socket, decision.response);
  else sockets.handleUpgrade(request, socket, head, (accepted) => attach(accepted, decision, handlers));
}

function attach(socket: WebSocket, accepted: AcceptedUpgrade, handlers: SocketHandlers): void {
  const transport: WsTransport = new WsTransport(socket, () => events.drained());
  const events = handlers.openSocket(transport, accepted);
  const over = (): void => {
    if (transport.isClosed) return;
    transport.detach();
    events.closed();
  };
  socket.on("message", (message: Buffer, isBinary: boolean) => {
    if (transport.isClosed) return;
    if (isBinary) {
      transport.close(closeCodes.binaryFrame, "text frames only");
      events.closed();
    } else events.receive(message.toString("utf8"));
  });
  socket.on("ping", () => events.heard());
  // A frame that is too large or no UTF-8: the package closes with 1009 or 1007 by itself.
  socket.on("error", over);
  socket.on("close", over);
}

function refuse(socket: Duplex, { status, headers, body }: HttpResponse): void {
  const text = typeof body === "string" ? body : "";
  const lines = Object.entries({ ...headers, "Content-Length": String(Buffer.byteLength(text)), Connection: "close" });
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`,
    ...lines.map(([name, value]) => `${name}: ${value}`),
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${text}`);
}
