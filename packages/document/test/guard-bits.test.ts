import { expect, test } from "@jest/globals";
import fc from "fast-check";
import type { RecordNode } from "../src/state/record-node.ts";
import type { Guard } from "../src/state/record-type.ts";
import { copyOfThings, forEachThing, type HeldThings, holdsThing, withThing } from "../src/view/guard-bits.ts";

const thing = fc.record({ type: fc.nat(2), slot: fc.nat(40), bit: fc.nat(1) });
type Thing = { readonly type: number; readonly slot: number; readonly bit: number };

/** As much of a record and a guard as tells which bit is meant: every type has two guards. */
const of = ({ type, slot, bit }: Thing): [Guard, RecordNode] => [
  { bit } as Guard,
  { $slot: slot, $type: { index: type, guardCount: 2 } } as RecordNode,
];
const nameOf = ({ type, slot, bit }: Thing): string => `${type}:${slot * 2 + bit}`;

test("holds what was set, few things or many, and so does a copy", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(thing, fc.boolean()), { maxLength: 60 }), fc.array(thing), (steps, asked) => {
      let things: HeldThings;
      const held = new Set<string>();
      for (const [index, [what, isSet]] of steps.entries()) {
        const before = things;
        const wasHeld = (each: Thing): boolean => holdsThing(before, ...of(each));
        // What changes in a copy does not change where it came from.
        const known = index % 16 === 15 ? steps.map(([each]) => wasHeld(each)) : undefined;
        things = withThing(known === undefined ? things : copyOfThings(things), ...of(what), isSet);
        if (known !== undefined) expect(steps.map(([each]) => wasHeld(each))).toEqual(known);
        if (isSet) held.add(nameOf(what));
        else held.delete(nameOf(what));
        expect(holdsThing(things, ...of(what))).toBe(isSet);
      }
      for (const what of asked) expect(holdsThing(things, ...of(what))).toBe(held.has(nameOf(what)));
      const seen: string[] = [];
      forEachThing(things, (type, place) => seen.push(`${type}:${place}`));
      expect(seen.sort()).toEqual([...held].sort());
    }),
    { numRuns: 500 },
  );
});
