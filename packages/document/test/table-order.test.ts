import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { OrderLog } from "../src/state/order-log.ts";
import type { RecordNode } from "../src/state/record-node.ts";
import { TableOrder } from "../src/state/table-order.ts";

interface Edit {
  readonly isInsert: boolean;
  readonly at: number;
}

const edits = (maxLength: number): fc.Arbitrary<Edit[]> =>
  fc.array(fc.record({ isInsert: fc.boolean(), at: fc.nat(1_000_000) }), { maxLength });

describe("the log of an order", () => {
  /** Applies edits to a plain list and to the log, one seq each. */
  function apply(list: number[], log: OrderLog, history: readonly Edit[], firstSeq: number, firstItem: number): number {
    let item = firstItem;
    for (const [step, { isInsert, at }] of history.entries()) {
      if (isInsert || list.length === 0) {
        const position = at % (list.length + 1);
        list.splice(position, 0, item++);
        log.inserted(position, firstSeq + step);
      } else {
        const position = at % list.length;
        list.splice(position, 1);
        log.removed(position, firstSeq + step);
      }
    }
    return item;
  }

  test("tells which runs of the order of any earlier seq are left", () => {
    fc.assert(
      fc.property(edits(60), edits(60), (before, after) => {
        const log = new OrderLog();
        const list: number[] = [];
        const firstNew = apply(list, log, before, 1, 0);
        const old = list.slice();
        apply(list, log, after, before.length + 1, firstNew);
        const { pieces, sizeBefore } = log.piecesSince(before.length, list.length)!;
        expect(sizeBefore).toBe(old.length);
        const composed = pieces.flatMap(({ from, count }) =>
          Array.from({ length: count }, (_, offset) => (from < 0 ? "new" : old[from + offset])),
        );
        expect(composed).toEqual(list.map((item) => (item >= firstNew ? "new" : item)));
      }),
    );
  });

  test("takes back what a rollback undoes", () => {
    fc.assert(
      fc.property(edits(20), edits(20), (kept, undone) => {
        const log = new OrderLog();
        const twin = new OrderLog();
        const list: number[] = [];
        apply(list, log, kept, 1, 0);
        apply([], twin, kept, 1, 0);
        apply(list.slice(), log, undone, kept.length + 1, 100);
        log.takeBack(undone.length);
        expect(log.lastSeq).toBe(twin.lastSeq);
        expect(log.piecesSince(0, list.length)).toEqual(twin.piecesSince(0, list.length));
      }),
    );
  });

  test("does not pretend to know what it has forgotten", () => {
    const log = new OrderLog();
    for (let seq = 1; seq <= 1_024; seq++) log.inserted(0, seq);
    expect(log.piecesSince(700, 1_024)).toBeDefined();
    log.trim();
    expect(log.length).toBe(512);
    expect(log.piecesSince(511, 1_024)).toBeUndefined();
    expect(log.piecesSince(512, 1_024)).toEqual({
      pieces: [
        { from: -1, count: 512 },
        { from: 0, count: 512 },
      ],
      sizeBefore: 512,
    });
    expect(log.lastSeq).toBe(1_024);
  });
});

describe("the order of a table", () => {
  test("is that of a plain list, however large", () => {
    const seed = 20_260_101;
    fc.assert(
      fc.property(edits(400), fc.boolean(), (history, isLarge) => {
        const order = new TableOrder();
        const list: RecordNode[] = [];
        const newRecord = (): RecordNode => ({ $chunk: null }) as RecordNode;
        for (let count = isLarge ? 1_500 : 0; count > 0; count--) {
          const record = newRecord();
          list.push(record);
          order.insertBefore(record, undefined);
        }
        for (const { isInsert, at } of history) {
          if (isInsert || list.length === 0) {
            const position = at % (list.length + 1);
            const record = newRecord();
            order.insertBefore(record, list[position]);
            list.splice(position, 0, record);
            expect(order.positionOf(record)).toBe(position);
          } else {
            const position = at % list.length;
            expect(order.remove(list[position]!)).toBe(list[position + 1]);
            list.splice(position, 1);
          }
        }
        const now = order.toArray();
        expect(now.length).toBe(list.length);
        expect(now.every((record, position) => record === list[position])).toBe(true);
        expect(order.size).toBe(list.length);
        const start = Math.floor(list.length / 3);
        expect(Array.from(order.slice(start, 5))).toEqual(list.slice(start, start + 5));
      }),
      { seed, numRuns: 40 },
    );
  });
});
