import type { Http2Server } from "node:http2";

export type StrangerResult = "tls" | "full";

/**
 * Bounds the connections that have not shaken hands, which gRPC accepts without asking and does not tell of before one
 * opens a stream. The bound is on TCP connections, so that one too many costs neither TLS nor HTTP/2: those with a session
 * and so many strangers.
 */
export class StrangerBound {
  readonly #servers: readonly Http2Server[];
  readonly #strangersMax: number;

  /** @param count is told of each that is dropped, and of each whose TLS handshake failed. */
  constructor(servers: readonly Http2Server[], strangersMax: number, count: (result: StrangerResult) => void) {
    this.#servers = servers;
    this.#strangersMax = strangersMax;
    for (const server of servers) {
      server.on("drop", () => count("full"));
      // A failed TLS handshake is the peer's trouble; Node has closed its socket already.
      server.on("tlsClientError", () => count("tls"));
    }
    this.sessionsAre(0);
  }

  /** So many connections have shaken hands. A connection that outlives its session is a stranger again. */
  sessionsAre(count: number): void {
    for (const server of this.#servers) server.maxConnections = count + this.#strangersMax;
  }
}
