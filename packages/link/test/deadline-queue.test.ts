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
        fc.record({ add: fc.integer({ min: 0, max: 100 }) }),
        fc.record({ remove: fc.nat(1000) }),
        fc.record({ advance: fc.integer({ min: 0, max: 40 }) }),
      ),
      { maxLength: 200 },
    );
    fc.assert(
      fc.property(steps, (plan) => {
        const clock = new ManualClock();
        const queue = new DeadlineQueue(clock);
        const entries: Entry[] = [];
        const removed = new Set<Entry>();
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
        }
        clock.advance(200);
        expect(queue.size).toBe(0);
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
