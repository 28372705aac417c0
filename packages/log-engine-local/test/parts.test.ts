import { crc32 } from "node:zlib";
import { describe, expect, test } from "@jest/globals";
import { ManualClock } from "@tidewire/foundation";
import fc from "fast-check";
import { Pace, PIECE_BYTES } from "../src/compaction/pace.ts";
import { headerCrc } from "../src/format/header-crc.ts";
import { locationOf, offsetOf, segmentOf } from "../src/format/location.ts";
import { type RecordHeader, RecordType, readHeader, viewOf, writeHeader } from "../src/format/record.ts";
import { DeletionQueue } from "../src/index/deletion-queue.ts";
import { PatchList } from "../src/index/patch-list.ts";
import { SortedIds } from "../src/index/sorted-ids.ts";
import { Slots } from "../src/threads/slots.ts";

const MIB = 1024 * 1024;

describe("SortedIds", () => {
  test("behaves like a sorted array without repetitions", () => {
    const change = fc.record({ adds: fc.boolean(), value: fc.integer({ min: 0, max: 3_000 }) });
    fc.assert(
      fc.property(
        fc.array(change, { maxLength: 4_000, size: "max" }),
        fc.integer({ min: -1, max: 3_001 }),
        (changes, from) => {
          const set = new SortedIds((a, b) => a - b);
          const model = new Set<number>();
          for (const { adds, value } of changes) {
            if (adds) {
              set.add(value);
              model.add(value);
            } else {
              set.delete(value);
              model.delete(value);
            }
          }
          expect(set.size).toBe(model.size);
          const expected = [...model].filter((value) => value > from).sort((a, b) => a - b);
          expect([...set.from((value) => value > from)]).toEqual(expected);
          const copy = new SortedIds((a, b) => a - b);
          copy.append(set.copy());
          expect([...copy.from(() => true)]).toEqual([...model].sort((a, b) => a - b));
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe("Slots", () => {
  test("give back what was put under a number, once, and use no more numbers than things are under way", () => {
    const operation = fc.oneof(
      { weight: 6, arbitrary: fc.record({ kind: fc.constant("put" as const), pick: fc.nat() }) },
      { weight: 6, arbitrary: fc.record({ kind: fc.constant("take" as const), pick: fc.nat() }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant("takeAll" as const), pick: fc.nat() }) },
    );
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 200 }), (operations) => {
        const slots = new Slots<{ readonly order: number }>(5);
        const model = new Map<number, { readonly order: number }>();
        let most = 0;
        for (const [order, { kind, pick }] of operations.entries()) {
          if (kind === "put") {
            const item = { order };
            const number = slots.put(item);
            expect(model.has(number)).toBe(false);
            model.set(number, item);
            most = Math.max(most, model.size);
            expect(number).toBeGreaterThanOrEqual(5);
            expect(number).toBeLessThan(5 + most);
          } else if (kind === "takeAll") {
            expect(new Set(slots.takeAll())).toEqual(new Set(model.values()));
            model.clear();
          } else {
            const number = 4 + (pick % (most + 3));
            expect(slots.take(number)).toBe(model.get(number));
            model.delete(number);
          }
          expect(slots.size).toBe(model.size);
          expect(new Set(slots.values())).toEqual(new Set(model.values()));
        }
      }),
    );
  });
});

describe("PatchList", () => {
  test("behaves like an array of patches", () => {
    const operation = fc.oneof(
      { weight: 6, arbitrary: fc.record({ kind: fc.constant("push" as const), step: fc.integer({ min: 1, max: 4 }) }) },
      {
        weight: 1,
        arbitrary: fc.record({ kind: fc.constant("drop" as const), step: fc.integer({ min: 0, max: 20 }) }),
      },
      {
        weight: 1,
        arbitrary: fc.record({ kind: fc.constant("move" as const), step: fc.integer({ min: 0, max: 20 }) }),
      },
    );
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 300 }), (operations) => {
        const list = new PatchList();
        let model: { seq: number; location: number; length: number }[] = [];
        let seq = 0;
        for (const { kind, step } of operations) {
          if (kind === "push") {
            seq += step;
            const patch = { seq, location: locationOf(seq, 4096), length: step * 100 };
            list.push(patch.seq, patch.location, patch.length);
            model.push(patch);
          } else if (kind === "drop") {
            const upTo = (model[0]?.seq ?? 0) + step;
            expect(list.dropUpTo(upTo)).toEqual(model.filter((patch) => patch.seq <= upTo));
            model = model.filter((patch) => patch.seq > upTo);
          } else {
            const target = (model[0]?.seq ?? 0) + step;
            list.move(target, 123);
            model = model.map((patch) => (patch.seq === target ? { ...patch, location: 123 } : patch));
          }
          expect(list.count).toBe(model.length);
          expect(list.slice(0)).toEqual(model);
          for (let probe = seq - 6; probe <= seq; probe++) {
            expect(list.find(probe)).toEqual(model.find((patch) => patch.seq === probe));
            expect(list.indexAfter(probe)).toBe(model.filter((patch) => patch.seq <= probe).length);
          }
        }
      }),
      { numRuns: 100 },
    );
  });

  test("gives copies of any part, which go their own ways", () => {
    const patch = (seq: number) => ({ seq, location: locationOf(seq, 4096), length: 10 * seq });
    const size = fc.integer({ min: 0, max: 300 });
    fc.assert(
      fc.property(size, size, size, size, (count, dropped, from, to) => {
        const list = new PatchList();
        for (let seq = 1; seq <= count; seq++) list.push(seq, patch(seq).location, patch(seq).length);
        list.dropUpTo(dropped);
        const model = Array.from({ length: count }, (_, index) => patch(index + 1)).slice(dropped);
        const copy = list.copy(from, to);
        const copied = model.slice(from, Math.max(from, to));
        expect(copy.slice(0)).toEqual(copied);
        for (let seq = 1_000; seq < 1_070; seq++) copy.push(seq, patch(seq).location, patch(seq).length);
        for (const { seq } of copied) copy.move(seq, 1);
        expect(copy.slice(0).map(({ seq }) => seq)).toEqual([
          ...copied.map(({ seq }) => seq),
          ...Array.from({ length: 70 }, (_, index) => 1_000 + index),
        ]);
        expect(list.slice(0)).toEqual(model);
      }),
    );
  });
});

describe("record headers", () => {
  const header: fc.Arbitrary<RecordHeader> = fc.record({
    type: fc.constantFrom(...Object.values(RecordType)),
    documentId: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    seq: fc.maxSafeNat(),
    epoch: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    span: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  });

  test("are read as they were written, and not under another salt", () => {
    fc.assert(
      fc.property(header, fc.nat(), fc.nat({ max: 2 ** 20 }), (written, salt, place) => {
        const bytes = Buffer.alloc(64);
        writeHeader(viewOf(bytes), 8, written, { salt, batchStart: place * 8 }, { length: 17, crc: 5 });
        const expected = { ...written, salt, batchStart: place * 8, length: 17, payloadCrc: 5, isKnown: true };
        expect(readHeader(bytes, 8, salt)).toEqual(expected);
        expect(readHeader(bytes, 8, salt + 1)).toBeUndefined();
        expect(readHeader(bytes, 30, salt)).toBeUndefined();
      }),
    );
  });

  test("have the checksum of zlib", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (given) => {
        const bytes = given.subarray(0, given.length & ~3);
        expect(headerCrc(bytes, 0, bytes.length)).toBe(crc32(bytes));
      }),
    );
  });

  test("locations name segment and offset", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 25 - 2 }), fc.integer({ min: 0, max: 2 ** 28 - 1 }), (id, offset) => {
        expect([segmentOf(locationOf(id, offset)), offsetOf(locationOf(id, offset))]).toEqual([id, offset]);
      }),
    );
  });
});

describe("Pace", () => {
  const options = { floorBytes: 8 * MIB, capBytes: 32 * MIB };

  /** Bytes that get through in one second, in pieces of one MiB. */
  async function throughput(pace: Pace, clock: ManualClock): Promise<number> {
    let bytes = 0;
    let isOver = false;
    const taking = (async () => {
      while (!isOver) {
        await pace.take(MIB);
        bytes += MIB;
      }
    })();
    await clock.advanceAsync(1_000);
    isOver = true;
    pace.stop();
    await taking;
    return bytes;
  }

  test("lets the floor through when nothing else is known, after a burst", async () => {
    const clock = new ManualClock();
    const bytes = await throughput(new Pace(clock, options), clock);
    expect(bytes).toBeGreaterThanOrEqual(8 * MIB);
    expect(bytes).toBeLessThanOrEqual(8 * MIB + 4 * MIB + 2 * MIB);
  });

  test("follows twice the rate of the appends, up to the cap", () => {
    const clock = new ManualClock();
    const pace = new Pace(clock, options);
    const appendFor = (seconds: number, bytesPerSecond: number): void => {
      for (let tick = 0; tick < seconds * 10; tick++) {
        clock.advance(100);
        pace.flushed(bytesPerSecond / 10, 1);
      }
    };
    appendFor(3, 10 * MIB);
    expect(pace.rateBytes / MIB).toBeCloseTo(20, 0);
    appendFor(3, 100 * MIB);
    expect(pace.rateBytes).toBe(32 * MIB);
    appendFor(3, MIB);
    expect(pace.rateBytes).toBe(8 * MIB);
  });

  test("yields while flushes are slow, and comes back", () => {
    const clock = new ManualClock();
    const pace = new Pace(clock, options);
    for (let flush = 0; flush < 50; flush++) pace.flushed(400, 1);
    expect(pace.rateBytes).toBe(8 * MIB);
    for (let flush = 0; flush < 20; flush++) pace.flushed(400, 10);
    expect(pace.rateBytes).toBe(4 * MIB);
    for (let flush = 0; flush < 100; flush++) pace.flushed(400, 1);
    expect(pace.rateBytes).toBe(8 * MIB);
  });

  describe("pieces of work on the disk", () => {
    /** Does so many pieces that take 4 ms each, with a flush of appends every millisecond or none, and says how long it took. */
    async function millisecondsFor(pieces: number, flushMs: number | undefined): Promise<number> {
      const clock = new ManualClock();
      const pace = new Pace(clock, { floorBytes: 8 * MIB, capBytes: 32 * MIB });
      let underWay = 0;
      let done = 0;
      const piece = async (): Promise<void> => {
        expect(++underWay).toBe(1);
        await new Promise<void>((resolve) => void clock.after(4, resolve));
        underWay--;
      };
      for (let flush = 0; flush < 50; flush++) pace.flushed(400, 1);
      if (flushMs === undefined) clock.advance(1_000);
      else for (let flush = 0; flush < 50; flush++) pace.flushed(400, flushMs);
      for (let each = 0; each < pieces; each++) void pace.run(PIECE_BYTES, piece).then(() => done++);
      const startedAt = clock.monotonicMs();
      while (done < pieces) {
        if (flushMs !== undefined) pace.flushed(400, flushMs);
        await clock.advanceAsync(1);
      }
      return clock.monotonicMs() - startedAt;
    }

    test("are done one at a time, and follow each other at once where nobody appends", async () => {
      expect(await millisecondsFor(12, undefined)).toBeLessThanOrEqual(12 * 4 + 2);
    });

    test("leave the disk to the appends for as long as they took, and longer while flushes are slow", async () => {
      const rests = 11 * 4;
      const usual = await millisecondsFor(12, 1);
      expect(usual).toBeGreaterThanOrEqual(12 * 4 + rests);
      expect(usual).toBeLessThanOrEqual(12 * 4 + rests + 24);
      expect(await millisecondsFor(12, 10)).toBeGreaterThanOrEqual(12 * 4 + 4 * rests);
    });

    test("fail alone, and go on at once when the store closes", async () => {
      const clock = new ManualClock();
      const pace = new Pace(clock, options);
      const failing = pace.run(1, async () => {
        pace.flushed(400, 1);
        clock.advance(100);
        throw new Error("no disk");
      });
      await expect(failing).rejects.toThrow("no disk");
      pace.flushed(400, 1);
      const waiting = pace.run(1, async () => "done");
      await clock.advanceAsync(1);
      pace.stop();
      expect(await waiting).toBe("done");
    });
  });
});

describe("DeletionQueue", () => {
  test("gives what still waits of some places, whatever was taken out and put in meanwhile", () => {
    const place = fc.integer({ min: 0, max: 6_000 });
    fc.assert(
      fc.property(place, place, place, place, (first, taken, from, to) => {
        const queue = new DeletionQueue();
        const all = Array.from({ length: first }, (_, at) => ({ documentId: at, seq: at * 2, atMs: at * 3 }));
        for (const deletion of all) queue.push(deletion);
        for (let count = 0; count < taken; count++) queue.shift();
        const gone = Math.min(taken, first);
        const late = { documentId: 7, seq: 8, atMs: 9 };
        queue.push(late);
        expect([queue.end, queue.waiting, queue.oldest]).toEqual([first + 1, first + 1 - gone, all[gone] ?? late]);
        expect(queue.between(from, to)).toEqual([...all, late].slice(Math.max(from, gone), Math.max(from, gone, to)));
      }),
      { numRuns: 50 },
    );
  });
});
