import type { GrpcLinkLimits } from "./grpc-link-options.ts";

/** What the binary link calls large, so that both refuse at the same point. */
const LARGE_MIN_BYTES = 32 * 1024;
/** A congested connection is so no longer when less than this part of the bound waits. */
const RELIEVED_SHARE = 0.5;

/** The share of one gRPC stream. */
export interface Waiting {
  readonly smallBytes: number;
  readonly largeBytes: number;
}

/** Bytes given to gRPC and not yet taken by its flow control, over all gRPC streams of a connection. */
export class OutboundAccount {
  readonly #limits: GrpcLinkLimits;
  readonly #uncongested: () => void;
  readonly #overrun: () => void;
  #smallBytes = 0;
  #largeBytes = 0;
  #wasCongested = false;
  #isOverrun = false;

  constructor(limits: GrpcLinkLimits, reports: { readonly uncongested: () => void; readonly overrun: () => void }) {
    this.#limits = limits;
    this.#uncongested = reports.uncongested;
    this.#overrun = reports.overrun;
  }

  get waitingBytes(): number {
    return this.#smallBytes + this.#largeBytes;
  }

  /** Once it is, until half of that has left, as on the binary link. */
  get isCongested(): boolean {
    const share = this.#wasCongested ? RELIEVED_SHARE : 1;
    const isCongested =
      this.#smallBytes >= share * this.#limits.congestedBytes ||
      this.#largeBytes * 2 >= share * this.#limits.outboundLargeMaxBytes;
    this.#wasCongested ||= isCongested;
    return isCongested;
  }

  get isFull(): boolean {
    return this.#smallBytes >= this.#limits.outboundMaxBytes || this.#largeBytes >= this.#limits.outboundLargeMaxBytes;
  }

  add(bytes: number): void {
    this.#count(bytes, 1);
    if (this.#isOverrun || this.waitingBytes <= this.#limits.outboundHardMaxBytes) return;
    this.#isOverrun = true;
    setImmediate(this.#overrun);
  }

  remove(bytes: number): void {
    this.#count(bytes, -1);
    this.#tellUncongested();
  }

  /** Gives back what a gRPC stream will not send any more. */
  release(waiting: Waiting): void {
    this.#smallBytes -= waiting.smallBytes;
    this.#largeBytes -= waiting.largeBytes;
    this.#tellUncongested();
  }

  #tellUncongested(): void {
    if (!this.#wasCongested || this.isCongested) return;
    this.#wasCongested = false;
    this.#uncongested();
  }

  #count(bytes: number, sign: 1 | -1): void {
    if (isLarge(bytes)) this.#largeBytes += sign * bytes;
    else this.#smallBytes += sign * bytes;
  }
}

export function isLarge(bytes: number): boolean {
  return bytes > LARGE_MIN_BYTES;
}
