import type { AppendIdentity } from "./document-entry.ts";

export interface PendingAppend {
  readonly identity: AppendIdentity;
  readonly settled: Promise<void>;
}

/**
 * Where a document will be when everything in the queue is durable. The next write is judged by this; nobody is answered
 * by it before it is true. Ends with the last write in the queue, or with the first failure, which fails them all.
 */
export class PendingWrites {
  epoch: number;
  seq: number;
  isDeleted: boolean;
  /** Settles with the write that was queued last. */
  last: Promise<unknown> | undefined;
  #waiting = 0;
  /** Most documents have one append under way: no array for that. */
  #oldest: PendingAppend | undefined;
  #newer: PendingAppend[] | undefined;

  constructor(durable: { readonly epoch: number; readonly seq: number; readonly isDeleted: boolean }) {
    this.epoch = durable.epoch;
    this.seq = durable.seq;
    this.isDeleted = durable.isDeleted;
  }

  get isEmpty(): boolean {
    return this.#waiting === 0;
  }

  begin(settled: Promise<unknown>): void {
    this.#waiting++;
    this.last = settled;
  }

  beginAppend(append: PendingAppend): void {
    this.begin(append.settled);
    if (this.#oldest === undefined) this.#oldest = append;
    else (this.#newer ??= []).push(append);
  }

  end(): void {
    this.#waiting--;
  }

  /** Appends become durable in the order in which they were queued. */
  endAppend(): void {
    this.#waiting--;
    this.#oldest = this.#newer?.shift();
  }

  appendTo(seq: number): PendingAppend | undefined {
    return this.#oldest?.identity.seq === seq
      ? this.#oldest
      : this.#newer?.find((append) => append.identity.seq === seq);
  }
}
