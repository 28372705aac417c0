import { EventEmitter, once } from "node:events";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it } from "@jest/globals";
import type { HttpRequest } from "@tidewire/edge-session";
import type { SocketHandlers } from "../src/socket-engine/socket-engine.ts";
import { serveHttp } from "../src/socket-engine/ws-http.ts";

it("tells that the client has left also if that was before anybody asked", async () => {
  const steps = new EventEmitter();
  const asked = once(steps, "asked");
  const gone = once(steps, "gone");
  let isTold = false;
  const answered = once(steps, "answered");
  const http = async (incoming: HttpRequest) => {
    steps.emit("asked");
    await gone;
    incoming.onAborted(() => {
      isTold = true;
    });
    steps.emit("answered");
    return { kind: "response" as const, status: 200, headers: {} };
  };
  const options = { host: "127.0.0.1", port: 0, tls: undefined, frameMaxBytes: 100, trustedProxies: 0 };
  const server = createServer((incoming, outgoing) => {
    outgoing.once("close", () => steps.emit("gone"));
    void serveHttp(incoming, outgoing, { http } as unknown as SocketHandlers, options);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const client = request({ host: "127.0.0.1", port: (server.address() as AddressInfo).port });
  client.on("error", () => {});
  client.end();
  await asked;
  client.destroy();
  await answered;
  server.close();
  expect(isTold).toBe(true);
});
