import { describe, expect, test } from "@jest/globals";
import { VirtualGroup } from "@tidewire/membership/simulation";
import { lanSettings } from "../src/settings.ts";
import { alive, LoneMember } from "./support/lone-member.ts";
import { isLong } from "./support/long.ts";

describe("a group forms", () => {
  test.each(isLong ? [1, 2, 3, 16, 128, 512, 1_024] : [1, 2, 3, 16, 128])("of %i members from one seed", (members) => {
    const group = new VirtualGroup({ seed: members, members, settings: { ...lanSettings, joinHoldMs: 0 } }).startAll();
    expect(group.runUntil(() => group.isSettled(), 30_000, "the group", 250)).toBeLessThan(isLong ? 15_000 : 8_000);
    const versions = new Set(group.members.map(({ engine }) => engine.view().stamp));
    expect(versions.size).toBe(1);
  });

  test("one after the other, each through any member", () => {
    const group = new VirtualGroup({ seed: 2, members: 1 }).boot();
    for (let index = 1; index < 12; index++) {
      const through = group.members[Math.floor(index / 2)]!.address;
      group.add(`n${index}`, { seeds: [through, "nowhere:1"] }).start();
      group.run(700);
    }
    group.runUntil(() => group.isSettled(), 10_000, "the chain");
  });
});

describe("nobody turns into a group of one by itself", () => {
  test.each([
    ["without seeds", []],
    ["with seeds that do not answer", ["nowhere:1", "nowhere:2"]],
    ["with only itself as a seed", ["lonely:7946"]],
  ])("%s it keeps trying, with growing pauses", (_what, seeds) => {
    const group = new VirtualGroup({ seed: 3, members: 0 });
    const lonely = group.add("lonely", { seeds, allowBootstrap: false });
    lonely.start();
    group.run(120_000);
    expect(lonely.engine.isJoined).toBe(false);
    expect(lonely.engine.liveCount).toBe(0);
    expect(group.network.datagrams).toBe(0);
    if (seeds.length === 2) {
      expect(group.network.exchanges).toBeGreaterThan(8);
      expect(group.network.exchanges).toBeLessThan(40);
    }
  });

  test("unless it is the first of the seeds and that rule is in force", () => {
    const rule = (seeds: readonly string[]): boolean => {
      const me = new LoneMember({ allowBootstrap: "first-seed" }, {}, false);
      me.handle({ kind: "start", seeds });
      for (const { exchange } of me.requests) me.handle({ kind: "failed", exchange });
      return me.engine.isJoined;
    };
    expect(rule(["me:1", "b:1"])).toBe(true);
    expect(rule(["me:1"])).toBe(true);
    expect(rule(["b:1", "me:1"])).toBe(false);
    expect(rule([])).toBe(false);
  });

  test("two that know only each other wait for one that may begin", () => {
    const group = new VirtualGroup({ seed: 4, members: 0 });
    const seeds = ["a:7946", "b:7946", "c:7946"];
    for (const id of ["a", "b"]) group.add(id, { seeds }).start();
    group.run(20_000);
    expect(group.running.some(({ engine }) => engine.isJoined)).toBe(false);
    group.add("c", { seeds, allowBootstrap: true }).start();
    group.runUntil(() => group.isSettled(), 40_000, "the group to form");
  });

  test("a late seed is found", () => {
    const group = new VirtualGroup({ seed: 5, members: 3 });
    for (const member of group.members.slice(1)) member.start();
    group.run(10_000);
    group.members[0]!.start();
    group.runUntil(() => group.isSettled(), 40_000, "the late seed");
  });

  test("another group's label is refused, also where its address is reused", () => {
    const group = new VirtualGroup({ seed: 6, members: 3 }).boot();
    const stranger = group.add("stranger", { label: "other" });
    stranger.start();
    group.run(60_000);
    expect(stranger.engine.isJoined).toBe(false);
    expect(group.member("m0").engine.member("stranger")).toBeUndefined();
  });
});

describe("the answer to a join", () => {
  test("decides the boot before the first word: later than any the group remembers", () => {
    const me = new LoneMember({ allowBootstrap: false }, {}, false);
    me.handle({ kind: "start", seeds: ["seed:1"] });
    const [join] = me.requests;
    expect(join).toMatchObject({
      to: "seed:1",
      request: { kind: "sync", value: { isJoin: true, label: "test", sourceId: "me" } },
    });
    expect(me.sent).toEqual([]);
    const entry = {
      id: "me",
      boot: 9_999,
      incarnation: 3,
      severity: "dead",
      stamp: 12,
      ageMs: 5,
      record: undefined,
    } as const;
    me.answer(join!.exchange, {
      kind: "sync",
      value: { outcome: "differs", sourceId: "seed", sourceBoot: 1, version: 12, buckets: [], entries: [entry] },
    });
    expect(me.engine.isJoined).toBe(true);
    expect(me.engine.boot).toBe(10_000);
    expect(me.engine.member("me")).toMatchObject({ boot: 10_000, incarnation: 1, stamp: 13, health: "alive" });
    const push = me.requests.find(({ request }) => request.kind === "push");
    expect(push).toMatchObject({ to: "seed:1", request: { value: { entries: [{ id: "me", boot: 10_000 }] } } });
  });

  test("of a member that is not ready, refuses, or is this process itself does not count", () => {
    for (const value of [
      { outcome: "notReady", sourceId: "seed" },
      { outcome: "refused", sourceId: "seed" },
      { outcome: "differs", sourceId: "me" },
    ] as const) {
      const me = new LoneMember({ allowBootstrap: false }, {}, false);
      me.handle({ kind: "start", seeds: ["seed:1"] });
      me.answer(me.requests[0]!.exchange, {
        kind: "sync",
        value: { sourceBoot: 1, version: 0, buckets: [], entries: [], ...value },
      });
      expect(me.engine.isJoined).toBe(false);
      me.run(2_000);
      expect(me.effects.some((effect) => effect.kind === "resolve")).toBe(true);
    }
  });
});

describe("the lifecycle", () => {
  const lifecycleOf = (me: LoneMember): string | undefined => me.engine.member("me")?.lifecycle;

  test("a newcomer among working ones holds back, and longer if it has to refute", () => {
    const me = new LoneMember({ allowBootstrap: false, lifecycle: "active" }, {}, false);
    me.handle({ kind: "start", seeds: ["seed:1"] });
    const record = alive("seed").value;
    const entry = { id: "seed", boot: 500, incarnation: 1, severity: "alive", stamp: 1, ageMs: 0, record } as const;
    me.answer(me.requests[0]!.exchange, {
      kind: "sync",
      value: { outcome: "differs", sourceId: "seed", sourceBoot: 500, version: 1, buckets: [], entries: [entry] },
    });
    expect(lifecycleOf(me)).toBe("joining");
    me.now += 9_000;
    me.receive("seed:1", { kind: "suspect", value: { id: "me", boot: 1_000, incarnation: 1, from: "seed" } });
    me.now += 9_900;
    me.handle({ kind: "tick" });
    expect(lifecycleOf(me)).toBe("joining");
    me.now += 200;
    me.handle({ kind: "tick" });
    expect(lifecycleOf(me)).toBe("active");
  });

  test("the first of its kind has nothing to hold back for", () => {
    expect(lifecycleOf(new LoneMember({ lifecycle: "active" }))).toBe("active");
  });

  test("draining takes effect at once and brings a later stamp; changes of meta too", () => {
    const me = new LoneMember({ lifecycle: "active" });
    const { stamp, incarnation } = me.engine.member("me")!;
    me.handle({ kind: "lifecycle", lifecycle: "draining" });
    expect(me.engine.member("me")).toMatchObject({
      lifecycle: "draining",
      stamp: stamp + 1,
      incarnation: incarnation + 1,
    });
    me.handle({ kind: "meta", meta: { linkAddress: "new:1", zone: "z", weight: 3 } });
    expect(me.engine.member("me")).toMatchObject({ weight: 3, linkAddress: "new:1", stamp: stamp + 2 });
    me.handle({ kind: "meta", meta: { linkAddress: "new:1", zone: "z", weight: 3 } });
    expect(me.engine.member("me")?.stamp).toBe(stamp + 2);
  });

  test("leaving is heard by everyone, ends the process's part, and no late word brings it back", () => {
    const group = new VirtualGroup({ seed: 8, members: 12 }).boot().run(15_000);
    const leaver = group.member("m5");
    const record = group.member("m0").engine.member("m5")!;
    leaver.handle({ kind: "leave" });
    const others = group.members.filter((member) => member !== leaver);
    group.runUntil(() => others.every(({ id }) => group.healthOf(id, "m5") === "left"), 2_500, "the goodbye");
    group.runUntil(() => !leaver.isRunning, 2_500, "its end");
    const deaths = group.changes.filter(({ after }) => after === "dead" || after === "suspect");
    expect(deaths).toEqual([]);
    group.run(30_000);
    const format = new LoneMember().format;
    const late = { ...alive("m5", { boot: record.boot, incarnation: record.incarnation }) } as const;
    group.member("m0").handle({ kind: "packet", from: "x:1", packet: format.packet([format.part(late)]) });
    expect(group.healthOf("m0", "m5")).toBe("left");
    leaver.start();
    group.runUntil(() => group.isSettled(), 10_000, "its return under a new boot");
  });

  test("leaving alone ends at once", () => {
    const me = new LoneMember();
    me.handle({ kind: "leave" });
    me.run(200);
    expect(me.effects.some((effect) => effect.kind === "left")).toBe(true);
  });
});
