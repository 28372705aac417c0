import { createServer, type Server, Socket } from "node:net";
import type { Clock } from "@tidewire/foundation";
import { type Endpoint, formatEndpoint, tryParseEndpoint } from "./address.ts";
import { MessageReader, writeMessage } from "./exchange-frames.ts";
import type { KeyRing } from "./key-ring.ts";
import type { TransportMetrics } from "./metrics.ts";
import { type Opener, SealContext, Sealer } from "./seal.ts";

export interface ExchangePortModules {
  readonly ring: KeyRing;
  readonly opener: Opener;
  readonly clock: Clock;
  readonly metrics: TransportMetrics;
}

export interface ExchangePortOptions {
  readonly label: string;
  /** Connections others may have open here; one more is closed at once. */
  readonly inboundMax: number;
  /** Longest life of an inbound connection. */
  readonly inboundMs: number;
}

/** One request and one answer on a TCP connection of its own, sealed like the datagrams. */
export class ExchangePort {
  /** Answers a request of another member, by calling `reply` at most once; until it is set nobody is answered. */
  serve: (from: string, body: Uint8Array, reply: (body: Uint8Array) => void) => void = () => {};
  readonly #modules: ExchangePortModules;
  readonly #options: ExchangePortOptions;
  readonly #requestContext: SealContext;
  readonly #sockets = new Set<Socket>();
  #inbound = 0;
  #server: Server | undefined;

  constructor(modules: ExchangePortModules, options: ExchangePortOptions) {
    this.#modules = modules;
    this.#options = options;
    this.#requestContext = new SealContext(options.label, "request");
  }

  /** Rejects with the socket's error. */
  listen({ host, port }: Endpoint): Promise<void> {
    const server = createServer((socket) => this.#accepted(socket));
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen({ host, port }, () => {
        server.removeListener("error", reject);
        server.on("error", () => this.#modules.metrics.errors.add(1, { socket: "stream" }));
        this.#server = server;
        resolve();
      });
    });
  }

  /** Calls back exactly once, with `undefined` if no genuine answer came within `timeoutMs`. */
  request(to: string, body: Uint8Array, timeoutMs: number, done: (answer: Uint8Array | undefined) => void): void {
    const { ring, opener, clock, metrics } = this.#modules;
    const endpoint = tryParseEndpoint(to);
    // Addresses come from other members' records.
    if (endpoint === undefined || endpoint.port === 0) return done(undefined);
    const socket = new Socket();
    this.#sockets.add(socket);
    const finish = (answer: Uint8Array | undefined): void => {
      if (!this.#sockets.delete(socket)) return;
      timer.cancel();
      socket.destroy();
      metrics.exchanges.add(1, { outcome: answer === undefined ? "failed" : "answered" });
      done(answer);
    };
    const timer = clock.after(timeoutMs, () => finish(undefined));
    const sealer = new Sealer(ring, this.#requestContext);
    const reader = new MessageReader(opener, this.#answerContext(sealer.session));
    socket.on("error", () => finish(undefined));
    socket.on("close", () => finish(undefined));
    socket.on("data", (chunk: Buffer) => {
      try {
        const received = reader.push(chunk);
        if (received !== undefined) finish(received.message);
      } catch {
        metrics.refused.add(1, { reason: "bad_answer" });
        finish(undefined);
      }
    });
    socket.connect(endpoint.port, endpoint.host, () => writeMessage(socket, sealer, body));
  }

  close(): void {
    this.#server?.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #accepted(socket: Socket): void {
    const { opener, clock, metrics } = this.#modules;
    if (this.#inbound >= this.#options.inboundMax) {
      metrics.refused.add(1, { reason: "inbound_full" });
      socket.destroy();
      return;
    }
    this.#inbound++;
    this.#sockets.add(socket);
    const timer = clock.after(this.#options.inboundMs, () => socket.destroy());
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      this.#inbound--;
      this.#sockets.delete(socket);
      timer.cancel();
    });
    const from = formatEndpoint({ host: socket.remoteAddress ?? "", port: socket.remotePort ?? 0 });
    const reader = new MessageReader(opener, this.#requestContext);
    let isAsked = false;
    socket.on("data", (chunk: Buffer) => {
      if (isAsked) return socket.destroy();
      try {
        const received = reader.push(chunk);
        if (received === undefined) return;
        isAsked = true;
        this.serve(from, received.message, (body) => this.#answer(socket, received.session, body));
      } catch {
        metrics.refused.add(1, { reason: "bad_request" });
        socket.destroy();
      }
    });
  }

  #answer(socket: Socket, session: string, body: Uint8Array): void {
    if (socket.destroyed) return;
    writeMessage(socket, new Sealer(this.#modules.ring, this.#answerContext(session)), body);
    socket.end();
  }

  /** An answer is bound to its question, so that an old one cannot be played back. */
  #answerContext(session: string): SealContext {
    return new SealContext(this.#options.label, `answer:${session}`);
  }
}
