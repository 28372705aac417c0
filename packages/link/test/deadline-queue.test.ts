import { describe, expect, it } from "@jest/globals";
import { ManualClock } from "@tidewire/foundation";
import fc from "fast-check";
import { DeadlineQueue, type Expiring } from "../src/index.ts";

class Entry implements Expiring {
  queueIndex = -1;
  expiredAt: number | undefined;
  readonly deadlineAt: number;
  readonly #clock: ManualClock;

  constructor(deadlineAt: number, clock: ManualClock) {
    this.deadlineAt = deadlineAt;
    this.#clock = clock;
  }

  expire(): void {
    if (this.expiredAt !== undefined) throw new Error("expired twice");
    this.expiredAt = this.#clock.monotonicMs();
  }
}

describe("deadline queue", () => {
  it("expires exactly what was not removed, exactly when it is due", () => {
    const steps = fc.array(
      fc.oneof(
        fc.record({ add: fc.oneof(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 0, max: 5_000 })) }),
        fc.record({ remove: fc.nat(1000) }),
        fc.record({ advance: fc.oneof(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 2_000 })) }),
      ),
      { maxLength: 200 },
    );
    fc.assert(
      fc.property(steps, (plan) => {
        const clock = new ManualClock();
        const queue = new DeadlineQueue(clock);
        const entries: Entry[] = [];
        const removed = new Set<Entry>();
        const pending = (): number =>
          entries.filter((entry) => entry.expiredAt === undefined && !removed.has(entry)).length;
        for (const step of plan) {
          if ("add" in step) {
            const entry = new Entry(clock.monotonicMs() + step.add, clock);
            entries.push(entry);
            queue.add(entry);
          } else if ("remove" in step) {
            const entry = entries[step.remove % Math.max(1, entries.length)];
            if (entry === undefined) continue;
            if (entry.expiredAt === undefined) removed.add(entry);
            queue.remove(entry);
          } else clock.advance(step.advance);
          expect(queue.size).toBe(pending());
        }
        clock.advance(6_000);
        expect([queue.size, clock.pendingTimers]).toEqual([0, 0]);
        for (const entry of entries) expect(entry.expiredAt).toBe(removed.has(entry) ? undefined : entry.deadlineAt);
      }),
    );
  });

  it("keeps one timer however much is queued, and none when cleared", () => {
    const clock = new ManualClock();
    const queue = new DeadlineQueue(clock);
    const entries = Array.from({ length: 1000 }, (_, index) => new Entry(1000 - index, clock));
    for (const entry of entries) queue.add(entry);
    expect(clock.pendingTimers).toBe(1);
    queue.clear();
    expect([queue.size, clock.pendingTimers]).toEqual([0, 0]);
    clock.advance(2000);
    expect(entries.every((entry) => entry.expiredAt === undefined && entry.queueIndex === -1)).toBe(true);
  });

  it("expires the earliest first, also within a few milliseconds", () => {
    const clock = new ManualClock();
    const queue = new DeadlineQueue(clock);
    const order: number[] = [];
    const deadlines = [70, 3, 65, 64, 1, 2, 130, 63];
    for (const deadlineAt of deadlines) {
      queue.add({ deadlineAt, queueIndex: -1, expire: () => void order.push(deadlineAt) });
    }
    // A stall: all of them at once.
    clock.advance(200);
    expect(order).toEqual(deadlines.toSorted((a, b) => a - b));
  });

  it("does not wake for what has gone, and keeps nothing of it", () => {
    const clock = new ManualClock();
    const queue = new DeadlineQueue(clock);
    let fired = 0;
    const after = clock.after.bind(clock);
    clock.after = (ms, run) => after(ms, () => (fired++, run()));
    const kept = new Entry(60_000, clock);
    queue.add(kept);
    for (let call = 0; call < 30_000; call++) {
      const entry = new Entry(clock.monotonicMs() + 10_000, clock);
      queue.add(entry);
      clock.advance(1);
      queue.remove(entry);
    }
    expect(queue.size).toBe(1);
    expect(fired).toBeLessThanOrEqual(3);
    clock.advance(60_000);
    expect([kept.expiredAt, queue.size, clock.pendingTimers]).toEqual([60_000, 0, 0]);
  });

  it("takes what is added or removed while it expires", () => {
    const clock = new ManualClock();
    const queue = new DeadlineQueue(clock);
    const order: string[] = [];
    const entry = (name: string, deadlineAt: number, then: () => void = () => {}): Expiring => ({
      deadlineAt,
      queueIndex: -1,
      expire() {
        order.push(`${name}@${clock.monotonicMs()}`);
        then();
      },
    });
    const victim = entry("victim", 10);
    queue.add(
      entry("first", 10, () => {
        queue.remove(victim);
        queue.add(entry("second", 5));
        queue.add(entry("third", 15));
      }),
    );
    queue.add(victim);
    clock.advance(20);
    expect(order).toEqual(["first@10", "second@10", "third@15"]);
  });
});
