import type { Clock, ServiceError, Timer } from "@tidewire/foundation";
import { LinkError } from "../link-error.ts";
import { MemoryCarrier, type MemoryLimits } from "./memory-carrier.ts";
import { MemoryWire } from "./memory-wire.ts";

export interface MemoryConnectionOptions extends MemoryLimits {
  readonly latencyMs: (from: string, to: string) => number;
  readonly deadAfterMs: number;
}

/** Two carriers and the two wires between them. */
export class MemoryConnection {
  readonly dialling: MemoryCarrier;
  readonly serving: MemoryCarrier;
  readonly #clock: Clock;
  readonly #ends: { readonly dialler: string; readonly listener: string };
  readonly #deadAfterMs: number;
  readonly #upward: MemoryWire;
  readonly #downward: MemoryWire;
  readonly #released: () => void;
  #dyingTimer: Timer | undefined;
  #openEnds = 2;

  constructor(
    path: { readonly clock: Clock; isCut(): boolean },
    ends: { readonly dialler: string; readonly listener: string },
    options: MemoryConnectionOptions,
    released: () => void,
  ) {
    const { clock } = path;
    this.#clock = clock;
    this.#ends = ends;
    this.#deadAfterMs = options.deadAfterMs;
    this.#released = released;
    const tooMuch = (): void => this.break(new LinkError("unavailable", "the peer does not read", true));
    this.#upward = new MemoryWire(clock, {
      latencyMs: () => options.latencyMs(ends.dialler, ends.listener),
      isCut: () => path.isCut(),
      deliver: (frame) => this.serving.receive(frame),
      delivered: () => this.dialling.delivered(),
    });
    this.#downward = new MemoryWire(clock, {
      latencyMs: () => options.latencyMs(ends.listener, ends.dialler),
      isCut: () => path.isCut(),
      deliver: (frame) => this.dialling.receive(frame),
      delivered: () => this.serving.delivered(),
    });
    const ended = (): void => this.#endClosed();
    this.dialling = new MemoryCarrier(clock, this.#upward, { breakDown: tooMuch, closed: ended }, options);
    this.serving = new MemoryCarrier(clock, this.#downward, { breakDown: tooMuch, closed: ended }, options);
  }

  joins(a: string, b: string): boolean {
    const { dialler, listener } = this.#ends;
    return (dialler === a && listener === b) || (dialler === b && listener === a);
  }

  touches(nodeId: string): boolean {
    return this.#ends.dialler === nodeId || this.#ends.listener === nodeId;
  }

  /** The path is cut: without news for long enough, each end takes the other for dead. */
  startDying(): void {
    this.#dyingTimer ??= this.#clock.after(this.#deadAfterMs, () =>
      this.break(new LinkError("unavailable", "the peer is silent", true)),
    );
  }

  /** The path is whole again. */
  revive(): void {
    this.#dyingTimer?.cancel();
    this.#dyingTimer = undefined;
    this.#upward.resume();
    this.#downward.resume();
  }

  break(error: ServiceError): void {
    this.#upward.close();
    this.#downward.close();
    this.dialling.close(error);
    this.serving.close(error);
  }

  #endClosed(): void {
    this.#openEnds--;
    if (this.#openEnds > 0) return;
    this.#dyingTimer?.cancel();
    this.#released();
  }
}
