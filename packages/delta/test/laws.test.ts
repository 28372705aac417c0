import { describe, expect, test } from "@jest/globals";
import * as fc from "fast-check";
import {
  applyDelta,
  applySnapshot,
  composeDeltas,
  composeSnapshot,
  diffViews,
  hashView,
  type JsonObject,
  snapshotOf,
  type ViewState,
  viewOf,
} from "../src/index.ts";
import { DeltaWriter } from "./support/random-delta.ts";
import { fingerprint, jsonSize, modelObject, nothing, viewChain, viewFrom } from "./support/views.ts";

const numRuns = Number(process.env["TIDEWIRE_PROPERTY_RUNS"] ?? 200);
const seed = fc.integer({ min: 0, max: 2 ** 31 - 1 });

/** `count` deltas that can follow `start` and one another, with all states between. */
function randomChain(start: ViewState, count: number, seed: number): { deltas: JsonObject[]; states: ViewState[] } {
  const writer = new DeltaWriter(seed);
  const deltas: JsonObject[] = [];
  const states = [start];
  for (let step = 0; step < count; step++) {
    const delta = writer.delta(states.at(-1)!);
    deltas.push(delta);
    states.push(applyDelta(states.at(-1)!, delta));
  }
  return { deltas, states };
}

/** A delta survives its journey as text. */
function overTheWire(delta: JsonObject): JsonObject {
  return JSON.parse(JSON.stringify(delta)) as JsonObject;
}

describe("the laws of PROTOCOL.md section 4", () => {
  test("apply(v, diff(v, w)) is w", () => {
    fc.assert(
      fc.property(viewChain(2), ([from, to]) => {
        const reached = applyDelta(from!, overTheWire(diffViews(from!, to!)));
        expect(fingerprint(reached)).toBe(fingerprint(to!));
        expect(hashView(reached.value)).toBe(hashView(to!.value));
      }),
      { numRuns },
    );
  });

  test("a snapshot is the diff from nothing, and replaces whatever was held", () => {
    fc.assert(
      fc.property(viewChain(2), ([held, view]) => {
        const snapshot = overTheWire(snapshotOf(view!));
        expect(fingerprint(applySnapshot(snapshot))).toBe(fingerprint(view!));
        expect(fingerprint(applySnapshot(snapshot, held))).toBe(fingerprint(view!));
        expect(fingerprint(applyDelta(nothing, diffViews(nothing, view!)))).toBe(fingerprint(view!));
      }),
      { numRuns },
    );
  });

  test("apply(apply(v, a), b) is apply(v, compose(a, b)) for diffs", () => {
    fc.assert(
      fc.property(viewChain(3), ([u, v, w]) => {
        const composed = overTheWire(composeDeltas(diffViews(u!, v!), diffViews(v!, w!)));
        expect(fingerprint(applyDelta(u!, composed))).toBe(fingerprint(w!));
      }),
      { numRuns },
    );
  });

  test("apply(apply(v, a), b) is apply(v, compose(a, b)) for every delta the format allows", () => {
    fc.assert(
      fc.property(modelObject, seed, (model, seed) => {
        const { deltas, states } = randomChain(viewFrom(model, 1), 2, seed);
        const composed = overTheWire(composeDeltas(deltas[0]!, deltas[1]!));
        expect(fingerprint(applyDelta(states[0]!, composed))).toBe(fingerprint(states[2]!));
      }),
      { numRuns: numRuns * 5 },
    );
  });

  test("a chain of any length composes to one delta, in whatever grouping", () => {
    fc.assert(
      fc.property(modelObject, seed, fc.array(fc.nat(), { minLength: 6, maxLength: 6 }), (model, seed, picks) => {
        const { deltas, states } = randomChain(viewFrom(model, 1), 7, seed);
        let pending = deltas;
        for (const pick of picks) {
          const at = pick % (pending.length - 1);
          pending = pending.toSpliced(at, 2, composeDeltas(pending[at]!, pending[at + 1]!));
        }
        expect(pending).toHaveLength(1);
        expect(fingerprint(applyDelta(states[0]!, overTheWire(pending[0]!)))).toBe(fingerprint(states.at(-1)!));
      }),
      { numRuns: numRuns * 2 },
    );
  });

  test("compose is associative, to the letter for diffs", () => {
    fc.assert(
      fc.property(viewChain(4), (views) => {
        const [a, b, c] = [0, 1, 2].map((step) => diffViews(views[step]!, views[step + 1]!)) as [
          JsonObject,
          JsonObject,
          JsonObject,
        ];
        expect(composeDeltas(composeDeltas(a, b), c)).toEqual(composeDeltas(a, composeDeltas(b, c)));
      }),
      { numRuns },
    );
  });

  test("a snapshot and the deltas after it compose to a snapshot", () => {
    fc.assert(
      fc.property(modelObject, seed, (model, seed) => {
        const { deltas, states } = randomChain(viewFrom(model, 1), 3, seed);
        const composed = deltas.reduce(composeSnapshot, snapshotOf(states[0]!));
        expect(fingerprint(applySnapshot(overTheWire(composed)))).toBe(fingerprint(states[3]!));
        expect(JSON.stringify(composed)).not.toContain("null");
      }),
      { numRuns },
    );
  });

  test("what a merged delta says is bounded by the views it leads from and to, and the names that came and went", () => {
    fc.assert(
      fc.property(viewChain(8), (views) => {
        const deltas = views.slice(1).map((view, index) => diffViews(views[index]!, view));
        const composed = deltas.reduce(composeDeltas);
        // All places there ever were, each once: the union of the views, whatever the number of deltas.
        const places = new Set(views.flatMap((view) => placesOf(snapshotOf(view), "")));
        const nulls = [...places].reduce(
          (sum, place) => sum + place.slice(place.lastIndexOf("/")).length + '"":null,"@r":true,'.length,
          0,
        );
        const last = snapshotOf(views.at(-1)!);
        expect(jsonSize(composed)).toBeLessThanOrEqual(2 * jsonSize(last) + nulls + 64);
      }),
      { numRuns },
    );
  });

  test("over places that stay, a merged delta of any number of deltas is at most 2.5 snapshots and 64 bytes", () => {
    const value = fc.oneof(fc.integer(), fc.string({ maxLength: 20 }));
    const element = fc.record({ a: value, b: value });
    const state = fc.record({
      x: value,
      map: fc.record({ k: value, l: value }),
      list: fc.array(element, { minLength: 5, maxLength: 5 }),
      order: fc.shuffledSubarray([0, 1, 2, 3, 4], { minLength: 5 }),
    });
    fc.assert(
      fc.property(fc.array(state, { minLength: 20, maxLength: 20 }), (steps) => {
        const views = steps.map(({ x, map, list, order }, index) =>
          viewOf({ x, map, list: order.map((position) => list[position]!) }, index, (_, path) =>
            path[0] === "list" ? order.map(String) : undefined,
          ),
        );
        const composed = views
          .slice(1)
          .map((view, index) => diffViews(views[index]!, view))
          .reduce(composeDeltas);
        expect(jsonSize(composed)).toBeLessThanOrEqual(2.5 * jsonSize(snapshotOf(views.at(-1)!)) + 64);
      }),
      { numRuns: 100 },
    );
  });

  test("composing neither changes its arguments nor shares what apply could change", () => {
    fc.assert(
      fc.property(modelObject, seed, (model, seed) => {
        const { deltas, states } = randomChain(viewFrom(model, 1), 2, seed);
        const before = [JSON.stringify(deltas), fingerprint(states[0]!)];
        const composed = composeDeltas(deltas[0]!, deltas[1]!);
        const text = JSON.stringify(composed);
        applyDelta(states[0]!, composed);
        expect([JSON.stringify(deltas), fingerprint(states[0]!)]).toEqual(before);
        expect(JSON.stringify(composed)).toBe(text);
      }),
      { numRuns },
    );
  });

  test("compose keeps the seq and the hash of the second", () => {
    const first = { "@s": 3, "@h": "0000000000000001", a: 1 };
    expect(composeDeltas(first, { "@s": 5, "@h": "0000000000000002", b: 1 })).toEqual({
      "@s": 5,
      "@h": "0000000000000002",
      a: 1,
      b: 1,
    });
    expect(composeDeltas(first, { "@s": 3, b: 1 })).toEqual({ "@s": 3, a: 1, b: 1 });
    expect(composeSnapshot(first, { "@s": 4, "@h": "0000000000000003" })).toEqual({
      "@s": 4,
      "@h": "0000000000000003",
      a: 1,
    });
  });
});

function placesOf(value: unknown, path: string): string[] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [path];
  return [path, ...Object.entries(value).flatMap(([key, child]) => placesOf(child, `${path}/${key}`))];
}
