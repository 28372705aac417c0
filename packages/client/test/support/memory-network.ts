import type { ManualClock } from "@tidewire/foundation";
import type { WebSocketConstructor } from "../../src/index.ts";
import type { TestServer, TestSession } from "./test-server.ts";

type SocketListener = (event: object) => void;

/**
 * WebSockets between a client and a test server, in memory and in the time of a manual clock. Frames keep their order and
 * take `latencyMs`; connections can be refused, cut (both ends learn it) or go silent (nobody does).
 */
export class MemoryNetwork {
  /** Of connections made from now on, each way. */
  latencyMs = 1;
  /** What happens to new connections. */
  mode: "accept" | "refuse" | "hang" = "accept";
  /** Addresses asked for, refused ones too. */
  readonly attempts: string[] = [];
  readonly sockets = new Set<MemorySocket>();
  readonly socketClass: WebSocketConstructor;
  readonly clock: ManualClock;
  readonly server: TestServer;

  constructor(clock: ManualClock, server: TestServer) {
    this.clock = clock;
    this.server = server;
    this.socketClass = socketClassOf(this);
  }

  /** Changes the latency of connections there are. Frames under way keep the one they left with. */
  slowDown(latencyMs: number): void {
    this.latencyMs = latencyMs;
    for (const socket of this.sockets) socket.latencyMs = latencyMs;
  }

  /** Cuts every connection there is. */
  cut(code = 1006): void {
    for (const socket of this.sockets) socket.cut(code);
  }

  /** Every connection there is falls silent. */
  blackhole(): void {
    for (const socket of this.sockets) socket.isSilent = true;
  }
}

function socketClassOf(network: MemoryNetwork): WebSocketConstructor {
  return class extends MemorySocket {
    constructor(url: string, protocols?: string | string[]) {
      super(network, url, protocols);
    }
  };
}

export class MemorySocket {
  isSilent = false;
  /** After so many more frames from the server, the connection is cut. */
  framesLeft = Number.POSITIVE_INFINITY;
  readonly url: string;
  latencyMs: number;
  readonly #network: MemoryNetwork;
  readonly #listeners = new Map<string, SocketListener[]>();
  #session: TestSession | undefined;
  #isOver = false;

  constructor(network: MemoryNetwork, url: string, protocols: string | string[] | undefined) {
    this.#network = network;
    this.url = url;
    this.latencyMs = network.latencyMs;
    if (JSON.stringify(protocols) !== '["tidewire.v1.json"]')
      network.server.violations.push(`subprotocol ${JSON.stringify(protocols)}`);
    network.attempts.push(url);
    this.#later(() => this.#connect());
  }

  addEventListener(type: string, listener: SocketListener): void {
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener]);
  }

  send(data: string): void {
    if (this.#isOver || this.isSilent) return;
    this.#later(() => {
      if (!this.#isOver && !this.isSilent) this.#session?.receive(data);
    });
  }

  close(code = 1005): void {
    if (this.#isOver) return;
    if (code !== 1000 && code !== 1005) this.#network.server.violations.push(`a client closes with ${code}`);
    this.#finish();
    this.#later(() => this.#session?.lost());
  }

  cut(code: number): void {
    if (this.#isOver) return;
    this.#finish();
    this.#session?.lost();
    this.#later(() => this.#emit("close", { code, reason: "" }));
  }

  #connect(): void {
    const { mode, server } = this.#network;
    if (this.#isOver || mode === "hang") return;
    if (mode === "refuse") {
      this.#finish();
      this.#emit("error", {});
      this.#emit("close", { code: 1006, reason: "" });
      return;
    }
    this.#network.sockets.add(this);
    this.#session = server.accept({
      send: (text) => {
        if (this.isSilent || this.#isOver) return;
        if (this.framesLeft-- <= 0) return this.cut(1006);
        this.#later(() => {
          if (!this.#isOver && !this.isSilent) this.#emit("message", { data: text });
        });
      },
      close: (code, reason) => {
        this.#network.sockets.delete(this);
        this.#later(() => {
          if (this.#isOver || this.isSilent) return;
          this.#finish();
          this.#emit("close", { code, reason });
        });
      },
    });
    this.#emit("open", {});
  }

  #finish(): void {
    this.#isOver = true;
    this.#network.sockets.delete(this);
  }

  #later(action: () => void): void {
    this.#network.clock.after(this.latencyMs, action);
  }

  #emit(type: string, event: object): void {
    for (const listener of this.#listeners.get(type) ?? []) listener(event);
  }
}
