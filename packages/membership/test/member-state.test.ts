import { describe, expect, test } from "@jest/globals";
import type { Alive } from "@tidewire/protocol-routing";
import fc from "fast-check";
import { MemberMap } from "../src/member-map.ts";
import { compareStatements, joinStates, type MemberState, stateHash } from "../src/member-state.ts";
import { alive } from "./support/lone-member.ts";

const severity = fc.constantFrom<MemberState["severity"]>("alive", "suspect", "dead", "left");

/** Records are a function of (boot, incarnation): only the member writes them. */
function recordOf(boot: number, incarnation: number): Alive {
  return alive("m", { boot, incarnation, zone: `z${boot}.${incarnation}`, stamp: boot * 10 + incarnation }).value;
}

const state: fc.Arbitrary<MemberState> = fc
  .record({
    boot: fc.integer({ min: 1, max: 3 }),
    incarnation: fc.integer({ min: 1, max: 4 }),
    severity,
    stamp: fc.integer({ min: 0, max: 5 }),
    recordBoot: fc.integer({ min: 0, max: 3 }),
    recordIncarnation: fc.integer({ min: 1, max: 4 }),
  })
  .map(({ recordBoot, recordIncarnation, ...statement }) => {
    if (statement.severity === "alive") {
      const record = recordOf(statement.boot, statement.incarnation);
      return { ...statement, stamp: record.stamp, record };
    }
    return { ...statement, record: recordBoot === 0 ? undefined : recordOf(recordBoot, recordIncarnation) };
  });

describe("what is known of a member is a join-semilattice", () => {
  test("joining is commutative, associative and idempotent", () => {
    fc.assert(
      fc.property(state, state, state, (a, b, c) => {
        expect(joinStates(a, b)).toEqual(joinStates(b, a));
        expect(joinStates(joinStates(a, b), c)).toEqual(joinStates(a, joinStates(b, c)));
        expect(joinStates(a, a)).toBe(a);
        expect(joinStates(a, joinStates(a, b))).toEqual(joinStates(a, b));
      }),
      { numRuns: 2_000 },
    );
  });

  test("a join is never below either side", () => {
    fc.assert(
      fc.property(state, state, (a, b) => {
        const joined = joinStates(a, b);
        expect(compareStatements(joined, a)).toBeGreaterThanOrEqual(0);
        expect(compareStatements(joined, b)).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  test("maps that merged the same states, in any order and any number of times, are equal in digest and version", () => {
    const named = fc.tuple(fc.constantFrom("a", "b", "c", "d"), state);
    fc.assert(
      fc.property(fc.array(named, { maxLength: 30 }), fc.infiniteStream(fc.nat()), (states, picks) => {
        const one = new MemberMap(100);
        const other = new MemberMap(100);
        for (const [id, value] of states) one.merge(id, value, 0);
        const shuffled = [...states, ...states.slice(0, 5)]
          .map((entry) => ({ entry, at: picks.next().value as number }))
          .sort((x, y) => x.at - y.at);
        for (const { entry } of shuffled) other.merge(entry[0], entry[1], 0);
        expect(other.digest()).toBe(one.digest());
        expect(other.version).toBe(one.version);
        expect(other.buckets()).toEqual(one.buckets());
        for (const id of ["a", "b", "c", "d"]) expect(other.get(id)?.state).toEqual(one.get(id)?.state);
        expect(other.live.length).toBe(one.live.length);
      }),
      { numRuns: 1_000 },
    );
  });

  test("the hash tells apart what differs in one field", () => {
    const base: MemberState = { boot: 5, incarnation: 2, severity: "dead", stamp: 3, record: recordOf(5, 1) };
    const others: MemberState[] = [
      { ...base, boot: 6 },
      { ...base, boot: 5 + 2 ** 32 },
      { ...base, incarnation: 3 },
      { ...base, severity: "left" },
      { ...base, stamp: 4 },
      { ...base, record: undefined },
      { ...base, record: recordOf(5, 2) },
    ];
    const hashes = new Set([
      stateHash("m", base),
      stateHash("n", base),
      ...others.map((other) => stateHash("m", other)),
    ]);
    expect(hashes.size).toBe(others.length + 2);
  });
});

describe("the member map", () => {
  test("forgets tombstones at the end of their life, and leaves them out of the digest after a third of it", () => {
    const map = new MemberMap(10);
    const empty = map.digest();
    map.merge("m", { boot: 1, incarnation: 1, severity: "dead", stamp: 7, record: undefined }, 0);
    const young = map.digest();
    expect(young).not.toBe(empty);
    expect(map.sweep(300, 900)).toBe(0);
    expect(map.digest()).toBe(young);
    expect(map.sweep(301, 900)).toBe(0);
    expect(map.digest()).toBe(empty);
    expect(map.size).toBe(1);
    expect(map.sweep(901, 900)).toBe(1);
    expect(map.size).toBe(0);
    expect(map.version).toBe(7);
  });

  test("refuses what is beyond its bound, and still updates what it holds", () => {
    const map = new MemberMap(2);
    const aliveState = (boot: number): MemberState => ({
      boot,
      incarnation: 1,
      severity: "alive",
      stamp: 1,
      record: undefined,
    });
    expect(map.merge("a", aliveState(1), 0)).toBeDefined();
    expect(map.merge("__proto__", aliveState(1), 0)).toBeDefined();
    expect(map.merge("c", aliveState(1), 0)).toBeUndefined();
    expect(map.merge("__proto__", aliveState(2), 0)?.after.boot).toBe(2);
    expect(map.size).toBe(2);
  });
});
