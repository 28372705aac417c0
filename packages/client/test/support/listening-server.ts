import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocketServer } from "ws";
import type { TestServer, TestSession } from "./test-server.ts";

interface PollSession {
  readonly session: TestSession;
  readonly authorization: string | undefined;
  readonly outbox: string[];
  held: ServerResponse | undefined;
}

/** A test server on a real port: WebSocket, and long polling as PROTOCOL.md sections 5 and 8 say. */
export class ListeningServer {
  /** Answers upgrades with 503, as a proxy that knows no WebSocket might. */
  refusesSockets = false;
  /** POSTs that were answered with frames. */
  polls = 0;
  readonly #server: TestServer;
  readonly #http: Server;
  readonly #sockets = new WebSocketServer({ noServer: true });
  readonly #polls = new Map<string, PollSession>();

  private constructor(server: TestServer) {
    this.#server = server;
    this.#http = createServer((request, response) => void this.#serve(request, response));
    this.#http.on("upgrade", (request, socket, head) => {
      if (this.refusesSockets || request.url !== "/v1/socket") {
        socket.end("HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n");
        return;
      }
      this.#sockets.handleUpgrade(request, socket, head, (webSocket) => {
        const session = server.accept({
          send: (text) => webSocket.send(text),
          close: (code, reason) => webSocket.close(code, reason),
        });
        webSocket.on("message", (data, isBinary) => {
          if (isBinary) server.violations.push("a binary frame");
          session.receive((data as Buffer).toString());
        });
        webSocket.on("close", () => session.lost());
      });
    });
  }

  static async start(server: TestServer): Promise<ListeningServer> {
    const listening = new ListeningServer(server);
    await new Promise<void>((resolve) => listening.#http.listen(0, "127.0.0.1", resolve));
    return listening;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
  }

  dropPollSessions(): void {
    for (const { session, held } of this.#polls.values()) {
      session.lost();
      held?.destroy();
    }
    this.#polls.clear();
  }

  async stop(): Promise<void> {
    for (const client of this.#sockets.clients) client.terminate();
    this.#http.closeAllConnections();
    await new Promise((resolve) => this.#http.close(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const frames = JSON.parse(Buffer.concat(chunks).toString()) as unknown[];
    const { authorization } = request.headers;
    if (request.url === "/v1/poll") return this.#begin(response, authorization);
    const poll = this.#polls.get(request.url?.replace("/v1/poll/", "") ?? "");
    if (poll === undefined) return reply(response, 404, { error: { code: "not_found", message: "no such session" } });
    if (poll.authorization !== authorization) this.#server.violations.push("the bearer of a poll session changed");
    this.#answer(poll);
    poll.held = response;
    for (const frame of frames) poll.session.receive(JSON.stringify(frame));
    if (poll.outbox.length > 0) this.#answer(poll);
  }

  #begin(response: ServerResponse, authorization: string | undefined): void {
    if (authorization === "Bearer bad") {
      const error = { code: "unauthenticated", number: 1002, message: "no", retryable: false };
      return reply(response, 401, { error });
    }
    const id = `p${this.#polls.size + 1}`;
    const outbox: string[] = [];
    const session = this.#server.accept({
      send: (text) => {
        outbox.push(text);
        // What one turn brings travels together.
        setImmediate(() => {
          const poll = this.#polls.get(id);
          if (poll !== undefined && outbox.length > 0) this.#answer(poll);
        });
      },
      close: () => this.#polls.delete(id),
    });
    this.#polls.set(id, { session, authorization, outbox, held: undefined });
    reply(response, 201, { session: id });
  }

  #answer(poll: PollSession): void {
    if (poll.held === undefined) return;
    const { held } = poll;
    poll.held = undefined;
    if (poll.outbox.length > 0) this.polls++;
    held.setHeader("content-type", "application/json");
    held.end(`[${poll.outbox.splice(0).join(",")}]`);
  }
}

function reply(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}
