import { describe, expect, test } from "@jest/globals";
import { VirtualGroup } from "@tidewire/membership/simulation";
import { fastSettings, lanSettings } from "../src/settings.ts";
import { measureCrashLatency, quantile } from "../src/simulation/experiments/crash-latency.ts";
import { isLong } from "./support/long.ts";

/** Repetitions of the short form; the long one repeats as the paper does. */
const repetitions = (short: number): number => (isLong ? 150 : short);

describe("a crash is known to everyone", () => {
  test.each([
    [3, 20, 7_500, 7_500],
    [16, 10, 9_000, 9_500],
    [128, 1, 13_500, 13_800],
  ])("of %i members (LAN)", (members, short, firstMax, everyoneMax) => {
    const { firstMs, everyoneMs, falsePositives } = measureCrashLatency({
      members,
      crashes: 1,
      repetitions: repetitions(short),
    });
    expect(falsePositives).toBe(0);
    expect(quantile(firstMs, 0.5)).toBeLessThan(isLong ? 10_600 : firstMax);
    expect(quantile(everyoneMs, 0.5)).toBeLessThan(isLong ? 10_500 : everyoneMax);
    expect(quantile(everyoneMs, 0.99)).toBeLessThan(20_000);
  });

  test("in half the time with the fast profile", () => {
    const result = measureCrashLatency({
      members: 5,
      crashes: 1,
      repetitions: repetitions(20),
      settings: fastSettings,
    });
    expect(quantile(result.everyoneMs, 0.99)).toBeLessThan(5_000);
    expect(result.falsePositives).toBe(0);
  });

  test("also when many die at once", () => {
    const result = measureCrashLatency({ members: 48, crashes: 12, repetitions: repetitions(1) });
    expect(quantile(result.everyoneMs, 0.99)).toBeLessThan(20_000);
    expect(result.falsePositives).toBe(0);
  });
});

describe("a calm group", () => {
  test("accuses nobody and sends two datagrams a second and member", () => {
    const group = new VirtualGroup({ seed: 5, members: 32 }).boot().run(30_000);
    const { datagrams } = group.network;
    const changes = group.changes.length;
    group.run(60_000);
    expect(group.changes.length).toBe(changes);
    expect((group.network.datagrams - datagrams) / 60 / 32).toBeLessThan(2.1);
    expect(group.isSettled()).toBe(true);
  });

  test("gives the same run for the same seed, and another one for another", () => {
    const run = (seed: number): string => {
      const group = new VirtualGroup({ seed, members: 24, network: { loss: 0.1, duplication: 0.05 } }).startAll();
      group.run(10_000);
      group.member("m3").crash();
      group.member("m5").stall(4_000);
      group.run(20_000);
      return group.eventHash;
    };
    expect(run(1)).toBe(run(1));
    expect(run(1)).not.toBe(run(2));
  });

  test("does not care about wall clocks", () => {
    const group = new VirtualGroup({ seed: 6, members: 1 });
    group.add("ahead", { clockSkewMs: 3_600_000 });
    group.add("behind", { clockSkewMs: -3_600_000 });
    group.boot().run(20_000);
    // A restart with the clock set back an hour still counts as later.
    const ahead = group.member("ahead");
    const { boot } = ahead.engine;
    ahead.crash();
    group.run(500);
    const replacement = group.add("ahead", { clockSkewMs: -3_600_000, address: "ahead2:7946" });
    group.members.splice(1, 1);
    replacement.start();
    group.runUntil(() => group.isSettled(), 20_000, "the clock-shifted restart");
    expect(replacement.engine.boot).toBe(boot + 1);
    expect(group.evictions).toEqual([]);
  });
});

describe("a crash and a restart", () => {
  test("with a new boot is back at once, also before its death was noticed, and at another address", () => {
    const group = new VirtualGroup({ seed: 7, members: 5 }).boot().run(15_000);
    const victim = group.member("m2");
    victim.crash();
    group.run(300);
    victim.start();
    expect(group.runUntil(() => group.isSettled(), 5_000, "the quick restart")).toBeLessThan(3_000);

    victim.crash();
    group.runUntil(() => group.healthOf("m0", "m2") === "dead", 20_000, "the death");
    victim.start();
    group.runUntil(() => group.isSettled(), 5_000, "the late restart");

    victim.crash();
    group.members.splice(2, 1);
    const moved = group.add("m2", { address: "elsewhere:1" });
    moved.start();
    group.runUntil(() => group.isSettled(), 5_000, "the move");
    expect(group.member("m0").engine.member("m2")?.gossipAddress).toBe("elsewhere:1");
    expect(group.evictions).toEqual([]);
  });

  test("of everyone at once, with tombstones around, leaves nobody dead", () => {
    const group = new VirtualGroup({ seed: 8, members: 24, settings: { ...lanSettings, joinHoldMs: 0 } }).boot();
    group.member("m9").crash();
    group.runUntil(() => group.healthOf("m0", "m9") === "dead", 30_000, "a tombstone");
    for (const member of group.running) member.crash();
    group.run(1_000);
    group.startAll();
    expect(group.runUntil(() => group.isSettled(), 30_000, "everyone to be back")).toBeLessThan(30_000);
  });

  test("of all but one", () => {
    const group = new VirtualGroup({ seed: 9, members: 24, settings: { ...lanSettings, joinHoldMs: 0 } }).boot();
    for (const member of group.members.slice(1)) member.crash();
    group.run(2_000);
    group.startAll();
    group.runUntil(() => group.isSettled(), 30_000, "everyone to be back");
  });
});

describe("a slow or frozen process", () => {
  test.each([3, 5, 8])("of %i members takes nobody healthy with it", (members) => {
    for (let seed = 1; seed <= (isLong ? 40 : 4); seed++) {
      const group = new VirtualGroup({ seed, members, settings: { ...lanSettings, joinHoldMs: 0 } }).boot().run(2_000);
      const slow = group.member(`m${members - 1}`);
      const before = group.changes.length;
      for (let round = 0; round < 5; round++) {
        slow.stall(2_000 + ((seed * 997) % 10_000));
        group.run(12_500);
      }
      slow.freeze(20_000);
      group.run(80_000);
      const wrong = group.changes.slice(before).filter(({ after, subject }) => after === "dead" && subject !== slow.id);
      expect({ seed, wrong }).toEqual({ seed, wrong: [] });
      expect({ seed, isSettled: group.isSettled() }).toEqual({ seed, isSettled: true });
    }
  });

  test("that stood still for five seconds is not even declared dead among sixteen", () => {
    const group = new VirtualGroup({ seed: 11, members: 16 }).boot().run(20_000);
    group.member("m4").freeze(3_500);
    const before = group.changes.length;
    group.run(40_000);
    expect(group.changes.slice(before).filter(({ after }) => after === "dead")).toEqual([]);
    expect(group.isSettled()).toBe(true);
  });

  test("comes back on probation after it was declared dead", () => {
    const group = new VirtualGroup({ seed: 12, members: 5 }).boot().run(15_000);
    const lifecycle = (): string | undefined => group.member("m0").engine.member("m3")?.lifecycle;
    expect(lifecycle()).toBe("active");
    const stamp = group.member("m0").engine.view().stamp;
    group.member("m3").freeze(30_000);
    group.runUntil(() => group.healthOf("m0", "m3") === "dead", 30_000, "the death of the frozen one");
    group.runUntil(() => group.healthOf("m0", "m3") === "alive", 30_000, "its return");
    group.run(1_000);
    expect(lifecycle()).toBe("joining");
    expect(group.member("m0").engine.view().stamp).toBeGreaterThan(stamp + 1);
    group.runUntil(() => lifecycle() === "active", 15_000, "the end of its probation");
  });
});
