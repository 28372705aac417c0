import { describe, expect, test } from "@jest/globals";
import { SeededRandom } from "@tidewire/foundation";
import fc from "fast-check";
import { Damping } from "../src/damping.ts";
import { Deadlines } from "../src/deadlines.ts";
import { DisseminationQueue } from "../src/dissemination-queue.ts";
import { LocalHealth } from "../src/local-health.ts";
import { ProbeList } from "../src/probe-list.ts";
import { suspicionSpan, suspicionTimeoutMs } from "../src/suspicion.ts";

describe("suspicion", () => {
  const options = { alpha: 4, beta: 6, confirmations: 3, probeIntervalMs: 1_000, isDynamic: true };

  test.each([
    [3, 4_000, 24_000, 1],
    [10, 4_000, 24_000, 3],
    [32, 6_021, 36_124, 3],
    [64, 7_225, 43_348, 3],
    [128, 8_429, 50_573, 3],
    [256, 9_633, 57_798, 3],
    [1_024, 12_041, 72_247, 3],
    [4_096, 14_449, 86_697, 3],
  ])("of %i members lasts from %i to %i ms with %i confirmations", (members, minMs, maxMs, confirmations) => {
    const span = suspicionSpan(members, options);
    expect(Math.round(span.minMs)).toBe(minMs);
    expect(Math.round(span.maxMs)).toBe(maxMs);
    expect(span.confirmations).toBe(confirmations);
    expect(suspicionTimeoutMs(span, 0)).toBe(span.maxMs);
    expect(suspicionTimeoutMs(span, confirmations)).toBe(span.minMs);
  });

  test("two members have nobody who could confirm", () => {
    const span = suspicionSpan(2, options);
    expect(span).toEqual({ minMs: 4_000, maxMs: 4_000, confirmations: 0 });
    expect(suspicionTimeoutMs(span, 0)).toBe(4_000);
  });

  test("each confirmation shortens it, the first one most", () => {
    const span = suspicionSpan(128, options);
    const timeouts = [0, 1, 2, 3, 4].map((confirmed) => suspicionTimeoutMs(span, confirmed));
    expect(timeouts[0]! - timeouts[1]!).toBeGreaterThan(timeouts[1]! - timeouts[2]!);
    expect(timeouts[1]! - timeouts[2]!).toBeGreaterThan(timeouts[2]! - timeouts[3]!);
    expect(timeouts[4]).toBe(timeouts[3]);
  });
});

describe("deadlines", () => {
  test("fire in order of time, then of arming, and only if not cancelled", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(50), fc.boolean()), { maxLength: 200 }), (entries) => {
        const deadlines = new Deadlines();
        const fired: number[] = [];
        const handles = entries.map(([at], index) => deadlines.arm(at, () => fired.push(index)));
        entries.forEach(([, isCancelled], index) => {
          if (isCancelled) handles[index]!.cancel();
        });
        expect(deadlines.size).toBe(entries.filter(([, isCancelled]) => !isCancelled).length);
        deadlines.runDue(25);
        deadlines.runDue(100);
        const expected = entries
          .map(([at, isCancelled], index) => ({ at, isCancelled, index }))
          .filter(({ isCancelled }) => !isCancelled)
          .sort((a, b) => a.at - b.at || a.index - b.index)
          .map(({ index }) => index);
        expect(fired).toEqual(expected);
        expect(deadlines.size).toBe(0);
      }),
    );
  });

  test("what is armed while running and due already runs too", () => {
    const deadlines = new Deadlines();
    const fired: string[] = [];
    deadlines.arm(1, () => {
      fired.push("first");
      deadlines.arm(2, () => fired.push("second"));
      deadlines.arm(9, () => fired.push("later"));
    });
    deadlines.runDue(5);
    expect(fired).toEqual(["first", "second"]);
    expect(deadlines.nextAt()).toBe(9);
  });
});

describe("the dissemination queue", () => {
  const part = (size: number, fill: number): Uint8Array => new Uint8Array(size).fill(fill);
  const fills = (parts: readonly Uint8Array[]): number[] => parts.map((bytes) => bytes[0]!);

  test("sends the least sent first, among those the latest to get there, each a limited number of times", () => {
    const queue = new DisseminationQueue();
    queue.put("a", part(10, 1), 10);
    queue.put("b", part(10, 2), 10);
    expect(fills(queue.take(11, 1, 64, 3))).toEqual([2]);
    expect(fills(queue.take(11, 1, 64, 3))).toEqual([1]);
    queue.put("c", part(10, 3), 10);
    expect(fills(queue.take(100, 1, 64, 3))).toEqual([3, 1, 2]);
    expect(fills(queue.take(100, 1, 64, 3))).toEqual([3, 1, 2]);
    expect(fills(queue.take(100, 1, 64, 3))).toEqual([3]);
    expect(queue.size).toBe(0);
    expect(queue.take(100, 1, 64, 3)).toEqual([]);
  });

  test("a newer statement about a member replaces the older and starts over", () => {
    const queue = new DisseminationQueue();
    queue.put("a", part(10, 1), 10);
    queue.take(100, 0, 64, 2);
    queue.put("a", part(10, 9), 10);
    expect(queue.sendsOf("a")).toBe(0);
    expect(fills(queue.take(100, 0, 64, 2))).toEqual([9]);
    expect(fills(queue.take(100, 0, 64, 2))).toEqual([9]);
    expect(queue.sendsOf("a")).toBeUndefined();
  });

  test("fits what fits, and keeps the rest", () => {
    const queue = new DisseminationQueue();
    queue.put("small", part(10, 1), 10);
    queue.put("large", part(100, 2), 10);
    expect(fills(queue.take(50, 4, 64, 4))).toEqual([1]);
    expect(queue.sendsOf("large")).toBe(0);
    expect(fills(queue.take(104, 4, 64, 4))).toEqual([2]);
  });

  test("stays within its bound, dropping what was sent most, and within memory when statements are replaced for ever", () => {
    const queue = new DisseminationQueue(8);
    queue.put("old", part(1, 1), 1);
    queue.take(100, 0, 64, 9);
    for (let index = 0; index < 8; index++) queue.put(`n${index}`, part(1, 2), 1);
    expect(queue.size).toBe(8);
    expect(queue.sendsOf("old")).toBeUndefined();
    for (let index = 0; index < 10_000; index++) queue.put("same", part(1, 3), 1);
    expect(queue.size).toBe(8);
    expect(queue.take(1_000, 0, 64, 9)).toHaveLength(8);
  });

  test("never puts one statement into a packet twice", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20), { minLength: 1, maxLength: 60 }), fc.nat(200), (subjects, room) => {
        const queue = new DisseminationQueue();
        subjects.forEach((subject) => queue.put(`s${subject}`, Uint8Array.of(subject), 20));
        let sends = 0;
        for (let round = 0; round < 400 && queue.size > 0; round++) {
          const taken = queue.take(room + 5, 4, 64, 3).map((bytes) => bytes[0]!);
          expect(new Set(taken).size).toBe(taken.length);
          sends += taken.length;
        }
        expect(queue.size).toBe(0);
        expect(sends).toBe(new Set(subjects).size * 3);
      }),
    );
  });
});

describe("the probe list", () => {
  test("asks everyone once a round, in another order each time", () => {
    const list = new ProbeList(new SeededRandom(3));
    const ids = Array.from({ length: 20 }, (_, index) => `m${index}`);
    for (const id of ids) list.add(id);
    const rounds = [0, 1, 2].map(() => ids.map(() => list.next(() => true)!));
    for (const round of rounds.slice(1)) expect([...round].sort()).toEqual([...ids].sort());
    expect(rounds[1]).not.toEqual(rounds[2]);
  });

  test("forgets who is no target, and takes them back when they are added again", () => {
    const list = new ProbeList(new SeededRandom(3));
    for (const id of ["a", "b", "c"]) list.add(id);
    for (let count = 0; count < 10; count++) expect(list.next((id) => id === "b")).toBe("b");
    expect(list.next(() => true)).toBe("b");
    expect(list.next((id) => id === "x")).toBeUndefined();
    list.add("a");
    expect(list.next(() => true)).toBe("a");
  });
});

describe("local health", () => {
  test("stays between well and its worst", () => {
    const health = new LocalHealth(8);
    health.change(-5);
    expect(health.factor).toBe(1);
    health.change(100);
    expect([health.score, health.factor]).toEqual([8, 9]);
    const off = new LocalHealth(0);
    off.change(3);
    expect(off.factor).toBe(1);
  });
});

describe("damping", () => {
  test("doubles with each false alarm, to a maximum, and forgets one for every ten quiet minutes", () => {
    const damping = new Damping(10_000, 300_000);
    const holds = [0, 1, 2, 3, 4, 5, 6].map(() => damping.alarm(1_000));
    expect(holds).toEqual([10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000]);
    expect(damping.holdMs(1_000 + 3 * 600_000)).toBe(160_000);
    expect(damping.holdMs(1_000 + 100 * 600_000)).toBe(10_000);
  });
});
