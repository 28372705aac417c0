import { expect, test } from "@jest/globals";
import { applySnapshot, diffViews, type JsonObject, type ViewState } from "@tidewire/delta";
import fc from "fast-check";
import { defineDocument, record, t } from "../src/index.ts";
import type { RecordNode } from "../src/state/record-node.ts";
import { leastSnapshotBytes } from "../src/view/least-bytes.ts";
import { largeDeltaBytes } from "../src/view/view-class.ts";
import { Bench, type FakeClient } from "./bench.ts";

const fields = { name: t.string(), a: t.int(), b: t.number(), isOn: t.boolean(), tag: t.enum("x", "y").optional() };
const Item = record(fields);
const Mine = record({ ...fields, owner: t.string() }).visibleTo(
  (item, viewer) => item.owner === viewer.principal.agent,
);

interface Turn {
  readonly of: "items" | "rows" | "counts" | "mine";
  /** How many are put under the first keys, and how many of these are removed then. */
  readonly put: number;
  readonly removed: number;
  readonly length: number;
}

const document = defineDocument({
  space: "large",
  createsOnDemand: true,
  state: { items: t.map(Item), rows: t.table(Item), counts: t.map(t.int()), mine: t.map(Mine) },
  messages: (message) => ({
    // oxlint-disable-next-line typescript/no-explicit-any -- the document above
    turn: message(t.json(), (doc: any, arg) => {
      const { of, put, removed, length } = arg as unknown as Turn;
      const values = { name: "x".repeat(length), a: length, b: 0, isOn: false };
      for (let index = 0; index < put; index++) {
        if (of === "rows") doc.rows.insert(values);
        else if (of === "counts") doc.counts.set(`${index}`, length);
        else doc[of].set(`${index}`, of === "items" ? values : { ...values, owner: index % 2 === 0 ? "ann" : "bob" });
      }
      const keys = of === "rows" ? doc.rows.all().map(({ id }: { id: string }) => id) : doc[of].keys();
      for (const key of keys.slice(0, removed)) doc[of].delete(key);
    }),
  }),
});

const turn: fc.Arbitrary<Turn> = fc.record({
  of: fc.constantFrom("items", "rows", "counts", "mine"),
  put: fc.nat(300),
  removed: fc.nat(300),
  length: fc.nat(40),
});

test("a large delta is never larger than the snapshot", () => {
  const kinds = new Set<string>();
  fc.assert(
    fc.property(fc.array(fc.array(turn, { minLength: 1, maxLength: 3 }), { minLength: 2, maxLength: 6 }), (rounds) => {
      const bench = new Bench(document);
      bench.send("ann", "turn", { of: "counts", put: 1, removed: 0, length: 1 });
      const ann = bench.connect("ann", { credit: 1, hashEvery: false });
      for (const turns of rounds) {
        for (const each of turns) bench.send("ann", "turn", each);
        bench.instance.grant(ann.viewer, 1);
        const before = ann.frames.length;
        bench.deliver();
        if (ann.frames.length === before) continue;
        const { kind, data, hash } = ann.frames.at(-1)!;
        // Without the hashes that some frames have.
        const length = data.length - (hash === undefined ? 0 : 24);
        const whole = snapshotLength(bench.attach("ann"), bench);
        kinds.add(`${kind} ${data.length > largeDeltaBytes}`);
        // Small ones are not compared.
        expect(length).toBeLessThanOrEqual(Math.max(whole, largeDeltaBytes));
        expect(ann.view).toEqual(bench.get("ann").view);
      }
    }),
    { numRuns: 30 },
  );
  // Large deltas came about, and snapshots in their place.
  expect([...kinds]).toEqual(expect.arrayContaining(["delta false", "delta true", "snapshot true"]));
});

function snapshotLength(newcomer: FakeClient, bench: Bench): number {
  bench.deliver();
  const [first] = newcomer.frames;
  bench.disconnect(newcomer);
  return first!.data.length - 24;
}

/** Of so many numbers some are removed: what is left is a snapshot of about 9 bytes each, and what went a delta of 12. */
test.each([
  [2_000, 0],
  [2_000, 400],
])("of a large delta and a snapshot the shorter one is sent, to the byte (%d numbers, length %d)", (put, length) => {
  const told = (removed: number): { kind: string; delta: number; whole: number } => {
    const bench = new Bench(document, { tombstonesMax: put });
    bench.send("ann", "turn", { of: "counts", put, removed: 0, length });
    const ann = bench.connect("ann", { hashEvery: false });
    const before = stateOf(ann);
    bench.send("ann", "turn", { of: "counts", put: 0, removed, length });
    bench.deliver();
    const { kind, data, hash } = ann.frames.at(-1)!;
    expect([ann.frames.length, hash]).toEqual([2, undefined]);
    const delta = JSON.stringify(diffViews(before, stateOf(ann))).length;
    const whole = snapshotLength(bench.attach("ann"), bench);
    expect(data.length).toBe(kind === "delta" ? delta : whole);
    return { kind, delta, whole };
  };
  // Where they are of one length: the delta grows with what is removed, the snapshot shrinks.
  let low = 0;
  let high = put - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    const { kind, delta, whole } = told(middle);
    expect([middle, kind]).toEqual([middle, delta > whole ? "snapshot" : "delta"]);
    if (kind === "delta") low = middle;
    else high = middle;
  }
  expect([told(low).kind, told(high).kind]).toEqual(["delta", "snapshot"]);
  expect(told(low).delta).toBeGreaterThan(largeDeltaBytes);
});

test("what a snapshot has at least is not more than the least that there is", () => {
  let root: RecordNode | undefined;
  const Least = record({ a: t.int(), b: t.number(), is: t.boolean(), name: t.string(), tag: t.enum("", "x") });
  const bench = new Bench(
    defineDocument({
      space: "least",
      createsOnDemand: true,
      state: {
        items: t.map(Least),
        counts: t.map(t.int()),
        hidden: t.map(Least).private(),
        mine: t.map(Mine),
      },
      messages: (message) => ({
        fill: message((doc) => {
          root = doc as unknown as RecordNode;
          const least = { a: 0, b: 0, is: true, name: "", tag: "" } as const;
          for (const key of "0123456789") {
            doc.items.set(key, least);
            doc.hidden.set(key, least);
            doc.counts.set(key, 0);
            doc.mine.set(key, { name: "", a: 0, b: 0, isOn: true, owner: "bob" });
          }
        }),
      }),
    }),
  );
  bench.send("ann", "fill");
  const length = fieldsLength(bench.connect("ann"));
  expect(leastSnapshotBytes(root!)).toBeLessThanOrEqual(length);
  // Of use it is if it comes near.
  expect(leastSnapshotBytes(root!)).toBeGreaterThan(length * 0.7);
});

function stateOf({ seq, view }: FakeClient): ViewState {
  return applySnapshot({ "@s": seq, ...view });
}

/** Of the first frame, with braces. */
function fieldsLength({ frames }: FakeClient): number {
  const { "@s": _seq, "@h": _hash, ...fields } = JSON.parse(new TextDecoder().decode(frames[0]!.data)) as JsonObject;
  return JSON.stringify(fields).length;
}
