import type { Clock, Timer } from "@tidewire/foundation";
import type { FrameType } from "../session/carrier.ts";

export type MemoryFrame =
  | {
      readonly kind: "frame";
      readonly type: FrameType;
      readonly method: number;
      readonly id: number;
      readonly body: Uint8Array;
    }
  | { readonly kind: "grant"; readonly id: number; readonly messages: number }
  | { readonly kind: "goAway"; readonly graceMs: number }
  | { readonly kind: "fin" };

/** What a frame weighs beyond its body, as on the binary link. */
const HEADER_BYTES = 12;
/** What the binary link cuts into fragments. */
const LARGE_MIN_BYTES = 32 * 1024;

export interface MemoryWireEnds {
  latencyMs(): number;
  isCut(): boolean;
  deliver(frame: MemoryFrame): void;
  /** Something left the queue. */
  delivered(): void;
}

/** One direction of a connection: delivers in order, each frame after its latency, nothing while it is cut. */
export class MemoryWire {
  readonly #clock: Clock;
  readonly #ends: MemoryWireEnds;
  #queue: { readonly dueAt: number; readonly bytes: number; readonly frame: MemoryFrame }[] = [];
  #head = 0;
  #lastDueAt = 0;
  #timer: Timer | undefined;
  #isClosed = false;
  /** Bytes sent and not delivered, in messages up to `LARGE_MIN_BYTES` and beyond it. */
  waitingBytes = 0;
  waitingLargeBytes = 0;

  constructor(clock: Clock, ends: MemoryWireEnds) {
    this.#clock = clock;
    this.#ends = ends;
  }

  send(frame: MemoryFrame): void {
    if (this.#isClosed) return;
    // A later frame never overtakes an earlier one, even if its latency is drawn smaller.
    this.#lastDueAt = Math.max(this.#lastDueAt, this.#clock.monotonicMs() + this.#ends.latencyMs());
    const bytes = HEADER_BYTES + (frame.kind === "frame" ? frame.body.length : 0);
    this.#count(bytes, 1);
    this.#queue.push({ dueAt: this.#lastDueAt, bytes, frame });
    this.#arm();
  }

  /** The path was healed. */
  resume(): void {
    this.#arm();
  }

  /** Forgets what is under way. */
  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#queue = [];
    this.#head = 0;
    this.waitingBytes = 0;
    this.waitingLargeBytes = 0;
  }

  #count(bytes: number, sign: 1 | -1): void {
    if (bytes > LARGE_MIN_BYTES) this.waitingLargeBytes += sign * bytes;
    else this.waitingBytes += sign * bytes;
  }

  #arm(): void {
    const next = this.#queue[this.#head];
    if (next === undefined || this.#timer !== undefined || this.#ends.isCut()) return;
    this.#timer = this.#clock.after(next.dueAt - this.#clock.monotonicMs(), () => {
      this.#timer = undefined;
      this.#deliverDue();
    });
  }

  #deliverDue(): void {
    const now = this.#clock.monotonicMs();
    let delivered = 0;
    while (!this.#isClosed && !this.#ends.isCut()) {
      const next = this.#queue[this.#head];
      if (next === undefined || next.dueAt > now) break;
      this.#head++;
      this.#count(next.bytes, -1);
      delivered++;
      this.#ends.deliver(next.frame);
    }
    if (this.#head > 0 && this.#head * 2 >= this.#queue.length) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
    if (delivered > 0 && !this.#isClosed) this.#ends.delivered();
    this.#arm();
  }
}
