import { setFlagsFromString } from "node:v8";
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { smallSeq } from "../src/state/small-seq.ts";
import { DormantViewers } from "../src/view/dormant-viewers.ts";
import { ViewerHandle } from "../src/view/viewer-handle.ts";
import { principalOf } from "./bench.ts";

setFlagsFromString("--allow-natives-syntax");
// oxlint-disable-next-line typescript/no-implied-eval -- only code that is compiled after the flag was set may ask this
const isSmall = new Function("value", "return %IsSmi(value)") as (value: number) => boolean;

/** As a decoder or a column of numbers gives it. */
function boxed(seq: number): number {
  return new Float64Array([seq])[0]!;
}

describe("a seq", () => {
  test("stays what it is", () => {
    fc.assert(fc.property(fc.maxSafeNat(), (seq) => expect(smallSeq(boxed(seq))).toBe(seq)));
    for (const seq of [2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 53 - 1]) expect(smallSeq(seq)).toBe(seq);
  });

  test("is a small integer for V8, where it can be, whoever gives it", () => {
    expect(isSmall(boxed(7))).toBe(false);
    for (const seq of [0, 7, 2 ** 31 - 1]) expect(isSmall(smallSeq(boxed(seq)))).toBe(true);
  });

  test("is one also after a viewer was dormant", () => {
    const dormant = new DormantViewers(() => {
      throw new Error("nobody wakes here");
    });
    const viewer = new ViewerHandle("v", principalOf("ann"), 1);
    const state = { hashDueAt: 5.5, stateHash: "0123456789abcdef", held: undefined, orders: undefined };
    dormant.add(viewer, { viewSeq: 7, viewSeqMax: 9, ...state });
    const { viewSeq, viewSeqMax } = dormant.take(viewer);
    expect([viewSeq, viewSeqMax].map(isSmall)).toEqual([true, true]);
  });
});
