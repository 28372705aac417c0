import { describe, expect, test } from "@jest/globals";
import { type MetricsSink, noMetrics } from "@tidewire/foundation";
import { egressLoss, ingressLoss, oneWayBlock, split, VirtualGroup } from "@tidewire/membership/simulation";
import { lanSettings, lifeguard, plainSwim } from "../src/settings.ts";
import { anomalyGrid, anomalySlice, runAnomalyCell, sumOf } from "../src/simulation/experiments/anomaly-grid.ts";
import { alive, LoneMember } from "./support/lone-member.ts";
import { isLong } from "./support/long.ts";

const quick = { ...lanSettings, joinHoldMs: 0 };
const seeds = isLong ? Array.from({ length: 20 }, (_, index) => index + 1) : [1, 2];

/** Cuts a group in two for a while; returns the time until everyone sees everyone again. */
function healTime(seed: number, members: number, share: number, isOneWay: boolean): number {
  const group = new VirtualGroup({ seed, members, settings: quick }).boot().run(5_000);
  const cut = Math.max(1, Math.round(members * share));
  const one = group.addresses(group.members.slice(0, cut));
  const other = group.addresses(group.members.slice(cut));
  const heal = group.network.addFault(isOneWay ? oneWayBlock(one, other) : split(one, other));
  group.run(60_000);
  // Each side has given up at least part of the other.
  expect(group.members.some(({ engine }) => engine.liveCount < members)).toBe(true);
  heal();
  const tookMs = group.runUntil(() => group.isSettled(), 120_000, "the split to heal", 200);
  // Once nothing moves any more, the versions agree as well.
  group.run(20_000);
  expect({ seed, versions: new Set(group.members.map(({ engine }) => engine.view().stamp)).size }).toEqual({
    seed,
    versions: 1,
  });
  expect({ seed, isSettled: group.isSettled() }).toEqual({ seed, isSettled: true });
  return tookMs;
}

describe("a split heals by itself within a minute", () => {
  test.each([
    [2, 0.5, false],
    [3, 0.34, false],
    [4, 0.5, false],
    [16, 0.5, false],
    [16, 0.9, false],
    [16, 0.5, true],
    [32, 0.5, false],
  ])("%i members, %f on one side, one-way %s", (members, share, isOneWay) => {
    for (const seed of members >= 16 && !isLong ? [members] : seeds) {
      expect(healTime(seed, members, share, isOneWay)).toBeLessThan(60_000);
    }
  });

  test("also after the halves forgot how to gossip to their dead, and the only seed is on one side", () => {
    const group = new VirtualGroup({ seed: 3, members: 12, settings: quick }).boot();
    const heal = group.network.addFault(
      split(group.addresses(group.members.slice(0, 4)), group.addresses(group.members.slice(4))),
    );
    group.run(600_000);
    expect(group.member("m0").engine.liveCount).toBe(4);
    expect(group.member("m11").engine.liveCount).toBe(8);
    heal();
    expect(group.runUntil(() => group.isSettled(), 60_000, "the long split to heal", 200)).toBeLessThan(60_000);
  });
});

describe("a member that only half works", () => {
  test("and loses most of what it sends cannot bury healthy ones, thanks to the gate", () => {
    const wrongDeaths = (hasDeadGate: boolean): number => {
      let wrong = 0;
      for (const seed of isLong ? seeds : [1]) {
        const settings = { ...quick, features: { ...lifeguard, hasDeadGate } };
        const group = new VirtualGroup({ seed, members: 32, settings }).boot();
        const sick = group.members.slice(1, 3);
        const ids = new Set(sick.map(({ id }) => id));
        group.network.addFault(egressLoss(group.addresses(sick), 0.8));
        const before = group.changes.length;
        group.run(120_000);
        wrong += group.changes
          .slice(before)
          .filter(({ after, subject, observer }) => after === "dead" && !ids.has(subject) && !ids.has(observer)).length;
      }
      return wrong;
    };
    const without = wrongDeaths(false);
    expect(without).toBeGreaterThan(10);
    expect(wrongDeaths(true) * 5).toBeLessThan(without);
  });

  test("and is nearly deaf harms nobody but itself", () => {
    const group = new VirtualGroup({ seed: 2, members: 16, settings: quick }).boot();
    const deaf = group.member("m7");
    const repair = group.network.addFault(ingressLoss(new Set([deaf.address]), 0.8));
    const before = group.changes.length;
    group.run(120_000);
    const dead = group.changes.slice(before).filter(({ after, observer }) => after === "dead" && observer !== deaf.id);
    expect(dead.filter(({ subject }) => subject !== deaf.id)).toEqual([]);
    repair();
    group.runUntil(() => group.isSettled(), 60_000, "the deaf one to recover");
  });

  test("and flips between working and deaf is kept from working by longer and longer probation", () => {
    const group = new VirtualGroup({ seed: 3, members: 10 }).boot().run(15_000);
    const flipping = group.member("m4");
    let activations = 0;
    let wasActive = true;
    for (let round = 0; round < 15; round++) {
      const repair = group.network.addFault(ingressLoss(new Set([flipping.address]), 1));
      for (const [forMs, fault] of [
        [20_000, true],
        [20_000, false],
      ] as const) {
        if (!fault) repair();
        for (let at = 0; at < forMs; at += 500) {
          group.run(500);
          const seen = group.member("m0").engine.member("m4")!;
          const isActive = seen.lifecycle === "active" && (seen.health === "alive" || seen.health === "suspect");
          if (isActive && !wasActive) activations++;
          wasActive = isActive;
        }
      }
    }
    // Ten minutes of it: documents may move to it four or five times, not fifteen.
    expect(activations).toBeLessThanOrEqual(5);
  });
});

describe("a lossy network", () => {
  test.each([
    [0.1, 1],
    [0.2, 20],
  ])("of %f loss leads to few false alarms, and the queues stay short", (loss, alarmsMax) => {
    const group = new VirtualGroup({ seed: 4, members: 32, settings: quick }).boot();
    const repair = group.network.addFault(() => loss);
    const before = group.changes.length;
    group.run(120_000);
    const verdicts = group.changes.slice(before).filter(({ after, isVerdict }) => after === "dead" && isVerdict);
    expect(verdicts.length).toBeLessThanOrEqual(alarmsMax);
    for (const { engine } of group.members) expect(engine.sizes.queued).toBeLessThan(100);
    repair();
    group.runUntil(() => group.isSettled(), 60_000, "the group to calm down");
  });

  test("that doubles and reorders changes nothing", () => {
    const network = { duplication: 0.3, latencyMinMs: 0.1, latencyMaxMs: 150, loss: 0.02 };
    const group = new VirtualGroup({ seed: 5, members: 24, settings: quick, network }).startAll();
    group.run(60_000);
    const dead = group.changes.filter(({ after }) => after === "dead");
    expect(dead).toEqual([]);
    expect(group.members.every(({ engine }) => engine.liveCount === 24)).toBe(true);
  });

  test("that carries no datagrams kills nobody: the stream answers", () => {
    const onlyStreams = new VirtualGroup({
      seed: 7,
      members: 5,
      settings: quick,
      network: { datagramMaxBytes: 0 },
    }).startAll();
    onlyStreams.run(180_000);
    expect(onlyStreams.changes.filter(({ after }) => after === "dead")).toEqual([]);
    expect(onlyStreams.members.every(({ engine }) => engine.liveCount === 5)).toBe(true);
  });
});

describe("a member whose streams are broken", () => {
  test("stays a member, and is counted as broken once", () => {
    const broken: string[] = [];
    const metrics: MetricsSink = {
      ...noMetrics,
      counter: (name) => ({
        add: (_amount, labels) => {
          if (name === "tidewire_membership_broken_paths_total") broken.push(labels!["path"]!);
        },
      }),
    };
    const me = new LoneMember({}, { syncIntervalMs: 1_000 }, true, metrics);
    me.receive("m:1", alive("m"));
    for (let waitedMs = 0; waitedMs < 20_000; waitedMs += 100) {
      me.run(100);
      for (const { exchange } of me.requests.splice(0)) me.handle({ kind: "failed", exchange });
      for (const { to, value } of me.partsSent("ping")) {
        const { seq } = value;
        me.receive(to, { kind: "ack", value: { seq, boot: 500, digest: 0, version: 0, lagMs: 0, keyIds: [] } });
      }
      me.clear();
    }
    expect(me.health("m")).toBe("alive");
    expect(broken).toEqual(["stream"]);
  });
});

describe("the Lifeguard experiment", () => {
  test("slow members do not talk the group into burying healthy ones", () => {
    const cells = isLong ? anomalyGrid : anomalySlice.filter(({ blockedMs }) => blockedMs > 10_000).slice(0, 1);
    const options = isLong ? {} : { members: 64, runMs: 40_000 };
    const run = (features: typeof lifeguard) =>
      sumOf(cells.map((cell, index) => runAnomalyCell(cell, { seed: index + 1, settings: { features }, ...options })));
    const swim = run(plainSwim);
    const ours = run(lifeguard);
    // Something must have gone wrong for plain SWIM, or nothing was shown.
    expect(swim.falsePositives).toBeGreaterThan(50);
    expect(ours.falsePositives / swim.falsePositives).toBeLessThan(0.0153);
    expect(ours.wrongDeathsAtHealthy / swim.wrongDeathsAtHealthy).toBeLessThan(0.0189);
    expect(ours.datagrams / swim.datagrams).toBeLessThan(1.106);
    expect(ours.bytes / swim.bytes).toBeLessThan(0.98);
  });
});
