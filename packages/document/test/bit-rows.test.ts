import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { BitRows } from "../src/view/bit-rows.ts";
import { HeldBits } from "../src/view/guard-bits.ts";

const thing = fc.tuple(fc.nat(3), fc.oneof(fc.nat(40), fc.nat(2_000)));

function bitsOf(things: readonly (readonly [number, number])[]): HeldBits {
  const bits = new HeldBits();
  for (const [type, place] of things) bits.set(type, place, true);
  return bits;
}

test("rows are what was put there, whoever comes and goes, and take no more room than their widest", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.array(thing), fc.nat(3)), { maxLength: 120 }), (steps) => {
      const rowOf = new Map<number, number>();
      const thingsOf = new Map<number, readonly (readonly [number, number])[]>();
      const rows = new BitRows<number>((owner, row) => rowOf.set(owner, row));
      const assertTaken = (owner: number): void => {
        const bits = rows.take(rowOf.get(owner)!);
        const expected = bitsOf(thingsOf.get(owner)!);
        rowOf.delete(owner);
        for (let type = 0; type < 4; type++) {
          for (let place = 0; place < 2_100; place++) {
            if (bits.has(type, place) !== expected.has(type, place)) throw new Error(`${owner}: ${type}, ${place}`);
          }
        }
      };
      for (const [owner, [things, roll]] of steps.entries()) {
        const leaving = [...rowOf.keys()][owner % Math.max(1, rowOf.size)];
        if (roll > 0 || leaving === undefined) {
          thingsOf.set(owner, things);
          rowOf.set(owner, rows.add(owner, bitsOf(things)));
        } else assertTaken(leaving);
      }
      const bytesPerRowMax = 4 * 4 * Math.ceil(2_001 / 32);
      for (const owner of [...rowOf.keys()]) {
        expect(rows.bytes).toBeLessThanOrEqual(Math.max(16, rowOf.size * 4) * bytesPerRowMax);
        assertTaken(owner);
      }
      expect(rows.bytes).toBe(0);
    }),
    { numRuns: 60 },
  );
});
