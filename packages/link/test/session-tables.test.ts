import { describe, expect, it } from "@jest/globals";
import type { UnaryMethod } from "@tidewire/wire";
import fc from "fast-check";
import { CallTable } from "../src/session/call-table.ts";
import { PendingCall } from "../src/session/pending-call.ts";
import { PendingGrants } from "../src/session/pending-grants.ts";

const method = {} as UnaryMethod<unknown, unknown>;

function callOf(id: number): PendingCall {
  const ends = { resolve: () => {}, reject: () => {} };
  return new PendingCall({ callTimedOut: () => {} }, method, { id, mark: 0, deadlineAt: 0 }, ends);
}

describe("the table of calls", () => {
  it("is a map by id, however long some calls wait", () => {
    const step = fc.oneof(
      fc.record({ make: fc.integer({ min: 1, max: 3_000 }), keepEvery: fc.integer({ min: 1, max: 700 }) }),
      fc.record({ remove: fc.nat() }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (plan) => {
        const table = new CallTable();
        const model = new Map<number, PendingCall>();
        let nextId = 1;
        for (const item of plan) {
          if ("make" in item) {
            for (let count = 0; count < item.make; count++) {
              const call = callOf(nextId++);
              table.add(call);
              if (call.id % item.keepEvery === 0) model.set(call.id, call);
              else if (table.remove(call.id) !== call) throw new Error(`call ${call.id} was not there`);
            }
          } else {
            const id = item.remove % nextId;
            expect(table.remove(id)).toBe(model.get(id));
            model.delete(id);
          }
          expect(table.size).toBe(model.size);
        }
        for (let id = 0; id <= nextId; id++)
          if (table.get(id) !== model.get(id)) throw new Error(`call ${id} is another`);
        expect(table.takeAll()).toEqual([...model.values()]);
        expect([table.size, table.takeAll()]).toEqual([0, []]);
      }),
      { numRuns: 40 },
    );
  });

  it("stays one while tens of thousands wait, with the longest wait of all among them", () => {
    const table = new CallTable();
    const calls = Array.from({ length: 70_000 }, (_, index) => callOf(index + 1));
    for (const call of calls) {
      table.add(call);
      if (call.id === 2_000) for (let id = 2; id <= 1_900; id++) expect(table.remove(id)).toBe(calls[id - 1]);
    }
    expect(table.size).toBe(70_000 - 1_899);
    for (const { id } of calls) {
      const expected = id >= 2 && id <= 1_900 ? undefined : calls[id - 1];
      if (table.get(id) !== expected) throw new Error(`call ${id} is another`);
      if (id % 3 === 0 && table.remove(id) !== expected) throw new Error(`call ${id} was not there`);
    }
    const left = calls.filter(({ id }) => id % 3 !== 0 && !(id >= 2 && id <= 1_900));
    expect(table.takeAll()).toEqual(left);
    expect(table.size).toBe(0);
  });
});

describe("pending grants", () => {
  const sumsOf = (grants: readonly { readonly stream: number; readonly messages: number }[]): Map<number, number> => {
    const sums = new Map<number, number>();
    for (const { stream, messages } of grants) sums.set(stream, (sums.get(stream) ?? 0) + messages);
    return sums;
  };

  it("hand over every message that was granted, once", () => {
    const step = fc.oneof(
      fc.record({ stream: fc.integer({ min: 1, max: 9 }), messages: fc.integer({ min: 1, max: 9 }) }),
      fc.constantFrom("all", "old"),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (plan) => {
        const grants = new PendingGrants();
        const added: { stream: number; messages: number }[] = [];
        const taken: { readonly stream: number; readonly messages: number }[] = [];
        for (const item of plan) {
          if (item === "all") taken.push(...grants.takeAll());
          else if (item === "old") {
            const old = grants.takeIf(({ openMark }) => openMark < 5);
            expect(old.every(({ stream }) => stream < 5)).toBe(true);
            taken.push(...old);
          } else {
            added.push(item);
            grants.add(item.stream, item.messages, item.stream);
          }
        }
        taken.push(...grants.takeAll());
        expect(grants.isEmpty).toBe(true);
        expect(sumsOf(taken)).toEqual(sumsOf(added));
      }),
    );
  });

  it("hold no more than a few thousand entries beyond one for each stream", () => {
    const grants = new PendingGrants();
    for (let count = 0; count < 100_000; count++) grants.add(1 + (count % 100), 1);
    const taken = grants.takeAll();
    expect(taken.length).toBeLessThanOrEqual(4_096);
    expect(sumsOf(taken)).toEqual(new Map(Array.from({ length: 100 }, (_, index) => [index + 1, 1_000])));
  });
});
