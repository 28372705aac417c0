import type { Clock, Random } from "@tidewire/foundation";

export interface NetworkOptions {
  readonly latencyMinMs: number;
  readonly latencyMaxMs: number;
  /** Share of datagrams lost, 0 to 1. */
  readonly loss: number;
  /** Share of datagrams that arrive twice. */
  readonly duplication: number;
  /** Larger datagrams are dropped, as on a path that cannot fragment. */
  readonly datagramMaxBytes: number;
  /** Exchanges work at all; without them only datagrams are left. */
  readonly hasStreams: boolean;
}

/** One data centre: 0.3 to 1.2 ms, no faults. */
export const calmNetwork: NetworkOptions = {
  latencyMinMs: 0.3,
  latencyMaxMs: 1.2,
  loss: 0,
  duplication: 0,
  datagramMaxBytes: 1_472,
  hasStreams: true,
};

/** What an address does with what reaches it. */
export interface NetworkEndpoint {
  datagram(from: string, packet: Uint8Array): void;
  /** Calls `reply` at once, later or never. */
  request(from: string, body: Uint8Array, reply: (body: Uint8Array) => void): void;
}

/** Loss in one direction between two addresses, 0 to 1. */
export type LinkFault = (from: string, to: string) => number;

/**
 * Datagrams and request-response streams between addresses, on a clock and a source of randomness that are handed in:
 * the same seed gives the same run. Faults are functions of direction, so one-way breaks are as easy as splits.
 */
export class VirtualNetwork {
  datagrams = 0;
  bytes = 0;
  dropped = 0;
  exchanges = 0;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #options: NetworkOptions;
  readonly #endpoints = new Map<string, NetworkEndpoint>();
  readonly #faults = new Set<LinkFault>();

  constructor(modules: { readonly clock: Clock; readonly random: Random }, options: NetworkOptions = calmNetwork) {
    this.#clock = modules.clock;
    this.#random = modules.random;
    this.#options = options;
  }

  attach(address: string, endpoint: NetworkEndpoint): void {
    this.#endpoints.set(address, endpoint);
  }

  detach(address: string): void {
    this.#endpoints.delete(address);
  }

  /** Returns the function that repairs it. */
  addFault(fault: LinkFault): () => void {
    this.#faults.add(fault);
    return () => void this.#faults.delete(fault);
  }

  send(from: string, to: string, packet: Uint8Array): void {
    this.datagrams++;
    this.bytes += packet.length;
    if (packet.length > this.#options.datagramMaxBytes || this.#isLost(from, to)) {
      this.dropped++;
      return;
    }
    const copies = this.#options.duplication > 0 && this.#random.next() < this.#options.duplication ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      this.#clock.after(this.#latencyMs(), () => this.#endpoints.get(to)?.datagram(from, packet));
    }
  }

  /** Calls back exactly once: with the answer, or with `undefined` on refusal (at once) or silence (at the timeout). */
  request(
    from: string,
    to: string,
    body: Uint8Array,
    timeoutMs: number,
    done: (body: Uint8Array | undefined) => void,
  ): void {
    this.exchanges++;
    let isDone = false;
    const finish = (answer: Uint8Array | undefined): void => {
      if (isDone) return;
      isDone = true;
      timer.cancel();
      done(answer);
    };
    const timer = this.#clock.after(timeoutMs, () => finish(undefined));
    // Connecting and asking are two packets each way; a stream repeats what is lost, but not within the timeout.
    if (!this.#options.hasStreams || this.#isLost(from, to) || this.#isLost(to, from)) return;
    const connectedMs = this.#latencyMs() + this.#latencyMs();
    const endpoint = this.#endpoints.get(to);
    if (endpoint === undefined) {
      this.#clock.after(connectedMs, () => finish(undefined));
      return;
    }
    if (this.#isLost(from, to)) return;
    this.bytes += body.length;
    this.#clock.after(connectedMs + this.#latencyMs(), () => {
      this.#endpoints.get(to)?.request(from, body, (answer) => {
        this.bytes += answer.length;
        if (!this.#isLost(to, from)) this.#clock.after(this.#latencyMs(), () => finish(answer));
      });
    });
  }

  #latencyMs(): number {
    const { latencyMinMs, latencyMaxMs } = this.#options;
    return latencyMinMs + (latencyMaxMs - latencyMinMs) * this.#random.next();
  }

  #isLost(from: string, to: string): boolean {
    let passes = 1 - this.#options.loss;
    for (const fault of this.#faults) passes *= 1 - fault(from, to);
    if (passes >= 1) return false;
    return passes <= 0 || this.#random.next() >= passes;
  }
}

/** Nothing gets from the ones to the others; the way back stays open. */
export function oneWayBlock(from: ReadonlySet<string>, to: ReadonlySet<string>): LinkFault {
  return (sender, receiver) => (from.has(sender) && to.has(receiver) ? 1 : 0);
}

/** Nothing passes between the two groups. */
export function split(one: ReadonlySet<string>, other: ReadonlySet<string>): LinkFault {
  return (sender, receiver) =>
    (one.has(sender) && other.has(receiver)) || (other.has(sender) && one.has(receiver)) ? 1 : 0;
}

export function egressLoss(addresses: ReadonlySet<string>, share: number): LinkFault {
  return (sender) => (addresses.has(sender) ? share : 0);
}

export function ingressLoss(addresses: ReadonlySet<string>, share: number): LinkFault {
  return (_sender, receiver) => (addresses.has(receiver) ? share : 0);
}
