import { type Clock, noLogger, SeededRandom, SystemClock } from "@tidewire/foundation";
import { type LinkListener, LinkServiceTable, type LinkTransport } from "@tidewire/link";
import { echo, MetricsRecorder, Server, watch } from "@tidewire/link/compliance";
import { type BinaryLinkOptions, createBinaryLinkTransport } from "../src/index.ts";
import { KEY, type RawPeer, rawServer } from "./raw-peer.ts";

export interface RigTransport {
  readonly transport: LinkTransport;
  readonly metrics: MetricsRecorder;
}

export interface RigListener extends RigTransport {
  readonly listener: LinkListener;
  readonly server: Server;
}

/** Lets sockets and immediates have one turn. */
export const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** Transports and listeners of one test; `close` ends them all. */
export class Rig {
  readonly #closers: (() => unknown)[] = [];

  onClose(close: () => unknown): void {
    this.#closers.push(close);
  }

  async close(): Promise<void> {
    for (const close of this.#closers.splice(0).reverse()) await close();
  }

  transport(nodeId: string, options: Partial<BinaryLinkOptions> = {}, clock: Clock = new SystemClock()): RigTransport {
    const metrics = new MetricsRecorder("tidewire_link_binary_");
    const modules = { clock, random: new SeededRandom(5), logger: noLogger, metrics };
    return {
      metrics,
      transport: createBinaryLinkTransport({ nodeId, role: "tool", sharedKey: KEY, ...options }, modules),
    };
  }

  /** A listener that serves `echo` and `watch`. */
  async listening(options: Partial<BinaryLinkOptions> = {}, clock?: Clock): Promise<RigListener> {
    const server = new Server();
    const services = new LinkServiceTable();
    services.unary(echo, (request) => request);
    services.stream(watch, server.handler);
    const made = this.transport("server", options, clock);
    const listener = await made.transport.listen("127.0.0.1:0", services);
    this.onClose(() => listener.close());
    return { ...made, listener, server };
  }

  async rawServer(serve: (peer: RawPeer) => unknown): Promise<string> {
    const server = await rawServer(serve);
    this.onClose(() => server.close());
    return server.address;
  }
}
