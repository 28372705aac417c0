import { describe, expect, it } from "@jest/globals";
import { HeldFrame, type StreamFrame } from "../src/stream/held-frame.ts";

const encoder = new TextEncoder();

function frame(kind: StreamFrame["kind"], seq: number, fields: object = {}): StreamFrame {
  return { kind, seq, hash: undefined, data: encoder.encode(JSON.stringify({ "@s": seq, ...fields })) };
}

const read = (held: HeldFrame): unknown => JSON.parse(new TextDecoder().decode(held.peek()?.data));

describe("what is held for a client", () => {
  it("is one frame, merged from at most so many", () => {
    const held = new HeldFrame();
    held.add(frame("delta", 1, { a: 1 }));
    for (let seq = 2; seq <= 33; seq++) held.add(frame("delta", seq, { [`k${seq}`]: null }));
    expect(held.peek()).toMatchObject({ kind: "delta", seq: 33 });
    expect(() => held.add(frame("delta", 34, { a: 2 }))).toThrow("too many frames");
  });

  it("begins anew with a snapshot, which counts for itself", () => {
    const held = new HeldFrame();
    for (let seq = 1; seq <= 33; seq++) held.add(frame("delta", seq, { a: seq }));
    held.add(frame("snapshot", 34, { a: 0 }));
    expect([held.peek()?.kind, read(held)]).toEqual(["snapshot", { "@s": 34, a: 0 }]);
    for (let seq = 35; seq <= 66; seq++) held.add(frame("delta", seq, { a: seq }));
    expect([held.peek()?.kind, read(held)]).toEqual(["snapshot", { "@s": 66, a: 66 }]);
  });

  it("keeps no memory of whoever gave it", () => {
    const held = new HeldFrame();
    const given = frame("delta", 1, { a: 1 });
    held.add(given);
    given.data.fill(0);
    expect(read(held)).toEqual({ "@s": 1, a: 1 });
    expect([held.take()?.seq, held.isEmpty, held.bytes]).toEqual([1, true, 0]);
  });
});
