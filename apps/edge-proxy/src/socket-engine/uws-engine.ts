import type { HttpResponse as UwsResponse, us_listen_socket, us_socket_context_t } from "uWebSockets.js";
import { STATUS_CODES } from "node:http";
import { clientApi, closeCodes } from "@tidewire/protocol-client";
import { loadUws, type UwsApp, type UwsModule } from "./load-uws.ts";
import type { SocketHandlers, SocketServer, SocketServerOptions } from "./socket-engine.ts";
import { readHead, UwsExchange, type UwsRequestHead } from "./uws-http.ts";
import { type UwsSocketData, UwsTransport } from "./uws-transport.ts";

/**
 * uWS drops a socket that sends more than `maxPayloadLength` without a close frame. So that clients get their 1009, it is
 * told a larger bound and the real one is looked at here; what is beyond even this is dropped.
 */
const PAYLOAD_SLACK = 16;
/** For sockets that do not answer a close; live ones are heard from far more often. Seconds. */
const IDLE_TIMEOUT_S = 60;

/** uWebSockets.js: the engine for production. */
export async function startUwsServer(options: SocketServerOptions, handlers: SocketHandlers): Promise<SocketServer> {
  const uws = await loadUws();
  const app = createApp(uws, options);
  app.ws<UwsSocketData>(clientApi.path, {
    compression: uws.DISABLED,
    maxPayloadLength: options.frameMaxBytes * PAYLOAD_SLACK,
    idleTimeout: IDLE_TIMEOUT_S,
    // 0 is "unlimited": what waits is bounded by the session, which knows what may be merged.
    maxBackpressure: 0,
    sendPingsAutomatically: false,
    upgrade: (res, req, context) => {
      void upgrade(res, readHead(res, req, options), context, handlers);
    },
    open: (socket) => {
      const data = socket.getUserData();
      data.transport = new UwsTransport(socket, () => data.events?.drained());
      data.events = handlers.openSocket(data.transport, data.accepted);
    },
    message: (socket, message, isBinary) => {
      const { transport, events } = socket.getUserData();
      if (isBinary || message.byteLength > options.frameMaxBytes) {
        const code = isBinary ? closeCodes.binaryFrame : closeCodes.frameTooLarge;
        transport?.close(code, isBinary ? "text frames only" : "the frame is too large");
        events?.closed();
      } else events?.receive(Buffer.from(message).toString("utf8"));
    },
    ping: (socket) => socket.getUserData().events?.heard(),
    drain: (socket) => socket.getUserData().events?.drained(),
    close: (socket) => {
      const { transport, events } = socket.getUserData();
      if (transport?.detach() === true) events?.closed();
    },
  });
  app.any("/*", (res, req) => {
    void new UwsExchange(res, readHead(res, req, options), handlers, options);
  });
  const token = await listen(uws, app, options);
  return {
    kind: "uws",
    port: uws.us_socket_local_port(token),
    stopAccepting: () => uws.us_listen_socket_close(token),
    close: () => {
      app.close();
      return Promise.resolve();
    },
  };
}

function createApp(uws: UwsModule, { tls }: SocketServerOptions): UwsApp {
  const app: unknown =
    tls === undefined
      ? uws.App()
      : uws.SSLApp({
          cert_file_name: tls.certFile,
          key_file_name: tls.keyFile,
          ...(tls.passphrase === undefined ? {} : { passphrase: tls.passphrase }),
        });
  return app as UwsApp;
}

function listen(uws: UwsModule, app: UwsApp, { host, port }: SocketServerOptions): Promise<us_listen_socket> {
  return new Promise((resolve, reject) => {
    // Exclusive: otherwise a second process could bind the same port without an error.
    app.listen(host, port, uws.LIBUS_LISTEN_EXCLUSIVE_PORT, (token) => {
      if (token) resolve(token);
      else reject(Object.assign(new Error("the address cannot be bound"), { code: "EADDRINUSE" }));
    });
  });
}

async function upgrade(
  res: UwsResponse,
  head: UwsRequestHead,
  context: us_socket_context_t,
  handlers: SocketHandlers,
): Promise<void> {
  let isAborted = false;
  res.onAborted(() => {
    isAborted = true;
  });
  const { headers, address } = head;
  const decision = await handlers.judgeUpgrade({ address, header: (name) => headers.get(name) });
  if (isAborted) return;
  res.cork(() => {
    if (decision.kind === "refuse") {
      const { status, body } = decision.response;
      res.writeStatus(`${status} ${STATUS_CODES[status] ?? ""}`);
      for (const [name, value] of Object.entries(decision.response.headers)) res.writeHeader(name, value);
      res.end(body, true);
      return;
    }
    res.upgrade<UwsSocketData>(
      { accepted: decision, transport: undefined, events: undefined },
      headers.get("sec-websocket-key") ?? "",
      decision.subprotocol ?? "",
      headers.get("sec-websocket-extensions") ?? "",
      context,
    );
  });
}
