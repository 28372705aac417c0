import { describe, expect, test } from "@jest/globals";
import * as fc from "fast-check";
import {
  applyDelta,
  applySnapshot,
  hashView,
  type JsonValue,
  keysOfList,
  snapshotOf,
  ViewReplica,
  viewOf,
} from "../src/index.ts";
import { DeltaWriter } from "./support/random-delta.ts";
import { modelObject, viewFrom } from "./support/views.ts";

const snapshot = {
  "@s": 1,
  players: { ann: { score: 1 }, bob: { score: 2 } },
  tags: ["x", "y"],
  cards: { "@o": ["1", "2"], "1": { rank: 1, marks: [1] }, "2": { rank: 2, marks: [2] } },
};

function held(): ViewReplica {
  const replica = new ViewReplica();
  replica.applySnapshot(snapshot);
  return replica;
}

const at = (value: JsonValue, ...path: (string | number)[]): JsonValue =>
  path.reduce<JsonValue>((value, key) => (value as unknown as Record<string | number, JsonValue>)[key]!, value);

describe("structural sharing", () => {
  test("only the path to the change is new", () => {
    const replica = held();
    const before = replica.value;
    replica.applyDelta({ "@s": 2, players: { ann: { score: 5 } } });
    expect(at(replica.value, "players", "ann")).toEqual({ score: 5 });
    expect(at(before, "players", "ann")).toEqual({ score: 1 });
    expect(at(replica.value, "players", "bob")).toBe(at(before, "players", "bob"));
    expect(at(replica.value, "cards")).toBe(at(before, "cards"));
  });

  test("a changed element leaves its neighbours and its own parts", () => {
    const replica = held();
    const before = replica.value;
    replica.applyDelta({ "@s": 2, cards: { "2": { rank: 9 } } });
    expect(at(replica.value, "cards", 0)).toBe(at(before, "cards", 0));
    expect(at(replica.value, "cards", 1, "marks")).toBe(at(before, "cards", 1, "marks"));
    expect(at(before, "cards", 1, "rank")).toBe(2);
  });

  test("moved elements stay the same objects", () => {
    const replica = held();
    const before = replica.value;
    replica.applyDelta({ "@s": 2, cards: { "3": { rank: 3 }, "@o": ["3", "2", [0, 0]] } });
    expect(at(replica.value, "cards", 1)).toBe(at(before, "cards", 1));
    expect(at(replica.value, "cards", 2)).toBe(at(before, "cards", 0));
    expect(keysOfList(replica.view, at(replica.value, "cards") as readonly JsonValue[])).toEqual(["3", "2", "1"]);
  });

  test("a delta that changes nothing keeps the whole value", () => {
    const replica = held();
    const before = replica.value;
    replica.applyDelta({
      "@s": 2,
      tags: ["x", "y"],
      players: { ann: { score: 1 }, zoe: null },
      cards: { "1": { marks: [1] }, "@o": [[0, 1]] },
    });
    replica.applyDelta({
      "@s": 3,
      players: { ann: { "@r": true, score: 1 } },
      cards: { "@r": true, "@o": ["1", "2"], "1": { rank: 1, marks: [1] }, "2": { rank: 2, marks: [2] } },
    });
    expect(replica.value).toBe(before);
    expect(replica.seq).toBe(3);
  });

  test("a snapshot that says the same keeps the value, one that differs keeps the equal parts", () => {
    const replica = held();
    const before = replica.value;
    replica.applySnapshot({ ...snapshot, "@s": 4 });
    expect(replica.value).toBe(before);
    replica.applySnapshot({
      "@s": 5,
      players: snapshot.players,
      cards: { "@o": ["2", "3"], "2": { rank: 2, marks: [2] }, "3": { rank: 1, marks: [1] } },
    });
    expect(Object.keys(replica.value)).toEqual(["players", "cards"]);
    expect(at(replica.value, "players")).toBe(at(before, "players"));
    expect(at(replica.value, "cards", 0)).toBe(at(before, "cards", 1));
    expect(at(replica.value, "cards", 1)).toEqual({ rank: 1, marks: [1] });
    replica.applyDelta({ "@s": 6, cards: { "2": null, "@o": ["3"] } });
    expect(at(replica.value, "cards")).toEqual([{ rank: 1, marks: [1] }]);
  });

  test("an empty list, an empty array and an empty object are three things", () => {
    let view = viewOf({ v: [] }, 1);
    view = applyDelta(view, { "@s": 2, v: { "@r": true, "@o": [] } });
    expect(snapshotOf(view)).toEqual({ "@s": 2, v: { "@o": [] } });
    view = applyDelta(view, { "@s": 3, v: [] });
    expect(snapshotOf(view)).toEqual({ "@s": 3, v: [] });
    view = applyDelta(view, { "@s": 4, v: {} });
    expect(snapshotOf(view)).toEqual({ "@s": 4, v: {} });
  });

  test("any view sent again keeps its identity", () => {
    fc.assert(
      fc.property(modelObject, (model) => {
        const view = viewFrom(model, 1);
        expect(applySnapshot(JSON.parse(JSON.stringify(snapshotOf(view))) as never, view).value).toBe(view.value);
      }),
    );
  });
});

describe("the replica's check of @h", () => {
  test("match, mismatch and absent; the last match is remembered", () => {
    const replica = new ViewReplica();
    expect(replica.applySnapshot({ "@s": 1, a: 1 })).toBe("absent");
    expect(replica.verified).toBeUndefined();
    const hash = replica.hash();
    expect(replica.applyDelta({ "@s": 2, "@h": hash })).toBe("match");
    expect(replica.verified).toEqual({ seq: 2, hash });
    expect(replica.applyDelta({ "@s": 3, "@h": hash, a: 2 })).toBe("mismatch");
    expect(replica.verified).toEqual({ seq: 2, hash });
    expect(replica.value).toEqual({ a: 2 });
  });

  test("a fork starts where the original stands and goes its own way, unverified", () => {
    const replica = new ViewReplica();
    replica.applySnapshot({ "@s": 1, cards: { "@o": ["1"], "1": { rank: 1 } } });
    replica.applyDelta({ "@s": 2, "@h": replica.hash() });
    const fork = replica.fork();
    expect([fork.value, fork.seq, fork.hash(), fork.verified]).toEqual([replica.value, 2, replica.hash(), undefined]);
    fork.applyDelta({ "@s": 3, cards: { "1": null, "2": { rank: 2 }, "@o": ["2"] } });
    expect(fork.value).toEqual({ cards: [{ rank: 2 }] });
    expect([replica.value, replica.seq]).toEqual([{ cards: [{ rank: 1 }] }, 2]);
  });

  test("the hash of a replica is that of its value after any number of deltas, however much of it was written before", () => {
    fc.assert(
      fc.property(modelObject, fc.nat(), (model, seed) => {
        const writer = new DeltaWriter(seed);
        const replica = new ViewReplica();
        replica.applySnapshot(snapshotOf(viewFrom(model, 1)));
        for (let step = 0; step < 5; step++) {
          replica.applyDelta(writer.delta(replica.view));
          expect(replica.hash()).toBe(hashView(JSON.parse(JSON.stringify(replica.value)) as JsonValue));
        }
      }),
      { numRuns: 300 },
    );
  });

  test("a value changed in place is noticed by a fresh hash, and put right by a snapshot", () => {
    const replica = held();
    const before = replica.hash();
    (at(replica.value, "cards", 0) as { rank: number }).rank = 99;
    expect(replica.hash()).toBe(before);
    expect(replica.freshHash()).not.toBe(before);
    replica.applySnapshot(snapshot);
    expect(replica.hash()).toBe(before);
    expect(at(replica.value, "cards", 0, "rank")).toBe(1);
  });
});
