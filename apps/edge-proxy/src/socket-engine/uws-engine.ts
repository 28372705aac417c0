import type { us_listen_socket } from "uWebSockets.js";
import { clientApi, closeCodes } from "@tidewire/protocol-client";
import { loadUws, type UwsApp, type UwsModule } from "./load-uws.ts";
import type { SocketHandlers, SocketServer, SocketServerOptions } from "./socket-engine.ts";
import { readHead, UwsExchange } from "./uws-http.ts";
import { type UwsSocketData, UwsTransport } from "./uws-transport.ts";
import { upgradeSocket } from "./uws-upgrade.ts";

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
      void upgradeSocket(res, readHead(res, req, options), context, handlers);
    },
    open: (socket) => {
      const data = socket.getUserData();
      const transport = new UwsTransport(socket, () => data.events?.drained());
      data.transport = transport;
      data.upgrade.whenAccepted((accepted) => {
        // Closed while the token was being looked at.
        if (data.transport?.isOpen !== true) return;
        data.events = handlers.openSocket(transport, accepted);
        for (const text of data.upgrade.takeHeld()) data.events.receive(text);
      });
    },
    message: (socket, message, isBinary) => {
      const { transport, events, upgrade } = socket.getUserData();
      if (isBinary || message.byteLength > options.frameMaxBytes) {
        const code = isBinary ? closeCodes.binaryFrame : closeCodes.frameTooLarge;
        transport?.close(code, isBinary ? "text frames only" : "the frame is too large");
        events?.closed();
        return;
      }
      const text = Buffer.from(message).toString("utf8");
      if (events !== undefined) events.receive(text);
      else if (!upgrade.hold(text, options.frameMaxBytes)) {
        transport?.close(closeCodes.frameTooLarge, "too much before the token was looked at");
      }
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
