import type { Clock, Timer } from "@tidewire/foundation";

/** Something that ends by itself when its time is over. */
export interface Expiring {
  /** Monotonic milliseconds. Must not change while queued. */
  readonly deadlineAt: number;
  /** Belongs to the queue; -1 while not queued. */
  queueIndex: number;
  expire(): void;
}

/** Calls of one method that are made within this time share a bucket. */
const BUCKET_MS = 64;

/** What is due in the same stretch of time, in no order. */
interface Bucket {
  readonly entries: Expiring[];
  /** Nothing that was ever in it is due before. */
  earliestAt: number;
}

/**
 * Deadlines of many calls under one timer, because a timer per call would cost more than the call. Adding and removing
 * cost the same however many are queued: nearly everything is removed long before it is due, so that order is made only
 * of what is left when its bucket comes up. A heap moves a dozen entries for every call that is answered, all over the
 * memory when tens of thousands wait: at 300,000 calls a second a link that had once fallen behind fell further behind,
 * with a tenth of the answers it gives now.
 */
export class DeadlineQueue {
  readonly #clock: Clock;
  readonly #buckets = new Map<number, Bucket>();
  /** The one that was used last. */
  #bucket: Bucket | undefined;
  #bucketKey = Number.NaN;
  #size = 0;
  #timer: Timer | undefined;
  #timerAt = Number.POSITIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#size;
  }

  add(entry: Expiring): void {
    const { deadlineAt } = entry;
    const bucket = this.#bucketAt(deadlineAt);
    entry.queueIndex = bucket.entries.length;
    bucket.entries.push(entry);
    this.#size++;
    if (deadlineAt < bucket.earliestAt) bucket.earliestAt = deadlineAt;
    if (deadlineAt < this.#timerAt) this.#arm(deadlineAt);
  }

  /** Nothing happens if it is not queued. The timer stays as it is: it finds out when it fires. */
  remove(entry: Expiring): void {
    const index = entry.queueIndex;
    if (index < 0) return;
    entry.queueIndex = -1;
    this.#size--;
    const { entries } = this.#bucketAt(entry.deadlineAt);
    const last = entries.pop() as Expiring;
    if (last === entry) return;
    entries[index] = last;
    last.queueIndex = index;
  }

  /** Forgets everything without expiring it. */
  clear(): void {
    for (const { entries } of this.#buckets.values()) for (const entry of entries) entry.queueIndex = -1;
    this.#buckets.clear();
    this.#forgetBucket();
    this.#size = 0;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#timerAt = Number.POSITIVE_INFINITY;
  }

  #bucketAt(deadlineAt: number): Bucket {
    const key = Math.floor(deadlineAt / BUCKET_MS);
    if (this.#bucket !== undefined && key === this.#bucketKey) return this.#bucket;
    let bucket = this.#buckets.get(key);
    if (bucket === undefined) {
      bucket = { entries: [], earliestAt: Number.POSITIVE_INFINITY };
      this.#buckets.set(key, bucket);
    }
    this.#bucket = bucket;
    this.#bucketKey = key;
    return bucket;
  }

  #arm(at: number): void {
    this.#timer?.cancel();
    this.#timerAt = at;
    this.#timer = this.#clock.after(at - this.#clock.monotonicMs(), () => this.#expireDue());
  }

  #expireDue(): void {
    this.#timer = undefined;
    // What is added while something expires needs no timer of its own: it is looked at before this is over.
    this.#timerAt = Number.NEGATIVE_INFINITY;
    const now = this.#clock.monotonicMs();
    let next = this.#earliestBucket();
    try {
      while (next !== undefined && next.earliestAt <= now) {
        expireIn(next, now, (entry) => this.remove(entry));
        next = this.#earliestBucket();
      }
    } finally {
      this.#timerAt = Number.POSITIVE_INFINITY;
      if (next !== undefined) this.#arm(next.earliestAt);
    }
  }

  /** Lets go of the empty ones on the way: that they stay until then saves making them again for every call. */
  #earliestBucket(): Bucket | undefined {
    this.#forgetBucket();
    let earliest: Bucket | undefined;
    for (const [key, bucket] of this.#buckets) {
      if (bucket.entries.length === 0) this.#buckets.delete(key);
      else if (earliest === undefined || bucket.earliestAt < earliest.earliestAt) earliest = bucket;
    }
    return earliest;
  }

  #forgetBucket(): void {
    this.#bucket = undefined;
    this.#bucketKey = Number.NaN;
  }
}

/** Expires what is due, the earliest first, unless it is removed meanwhile; what is left says when it is due. */
function expireIn(bucket: Bucket, now: number, remove: (entry: Expiring) => void): void {
  const due = bucket.entries.filter(({ deadlineAt }) => deadlineAt <= now);
  due.sort((a, b) => a.deadlineAt - b.deadlineAt);
  for (const entry of due) {
    if (entry.queueIndex < 0) continue;
    remove(entry);
    entry.expire();
  }
  bucket.earliestAt = bucket.entries.reduce(
    (earliestAt, { deadlineAt }) => Math.min(earliestAt, deadlineAt),
    Number.POSITIVE_INFINITY,
  );
}
