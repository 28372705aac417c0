import { afterEach, describe, expect, test } from "@jest/globals";
import { noLogger, noMetrics, SystemClock, SystemRandom } from "@tidewire/foundation";
import type { MembershipView } from "@tidewire/membership";
import type { MembershipHandle } from "../src/membership-handle.ts";
import { type StartMembershipSettings, startMembership } from "../src/start-membership.ts";

const KEY = new Uint8Array(32).fill(7);
const OTHER_KEY = new Uint8Array(32).fill(8);
const modules = { clock: new SystemClock(), random: new SystemRandom(), logger: noLogger, metrics: noMetrics };
const running: MembershipHandle[] = [];

async function start(nodeId: string, overrides: Partial<StartMembershipSettings> = {}): Promise<MembershipHandle> {
  const handle = await startMembership(
    {
      nodeId,
      role: "document-host",
      bind: "127.0.0.1:0",
      seeds: [],
      allowBootstrap: overrides.seeds === undefined,
      label: "test",
      keys: [KEY],
      profile: "fast",
      meta: { linkAddress: "127.0.0.1:1", zone: "", weight: 1 },
      lifecycle: "active",
      // Ten times the fast profile: on loopback nothing takes that long.
      overrides: { probeIntervalMs: 100, probeTimeoutMs: 60, gossipIntervalMs: 20, joinHoldMs: 0, suspicionBeta: 3 },
      ...overrides,
    },
    modules,
  );
  running.push(handle);
  return handle;
}

/** Resolves once the view satisfies; the test's own timeout ends it otherwise. */
function until(handle: MembershipHandle, holds: (view: MembershipView) => boolean): Promise<void> {
  if (handle.isJoined && holds(handle.view())) return Promise.resolve();
  return new Promise((resolve) => {
    const stop = handle.onChange((view) => {
      if (!holds(view)) return;
      stop();
      resolve();
    });
  });
}

const healthOf = (view: MembershipView, id: string): string | undefined =>
  view.members.find((member) => member.id === id)?.health;

afterEach(async () => {
  await Promise.all(running.splice(0).map((handle) => handle.stop()));
});

describe("startMembership over real sockets", () => {
  test("three members find each other, one leaves, one dies", async () => {
    const first = await start("a");
    const seeds = [first.gossipAddress];
    const [second, third] = await Promise.all([start("b", { seeds }), start("c", { seeds })]);
    for (const handle of [first, second, third]) {
      await until(
        handle,
        ({ members }) =>
          members.filter(({ health, lifecycle }) => health === "alive" && lifecycle === "active").length === 3,
      );
    }
    expect(first.view().members.map(({ id }) => id)).toEqual(["a", "b", "c"]);
    expect(second.isReady).toBe(true);

    await third.leave();
    await until(first, (view) => healthOf(view, "c") === "left");
    await until(second, (view) => healthOf(view, "c") === "left");

    await second.stop();
    await until(first, (view) => healthOf(view, "b") === "dead");
  }, 20_000);

  test("a member with another key, or of another group, is not let in", async () => {
    const first = await start("a");
    const seeds = [first.gossipAddress];
    const stranger = await start("b", { seeds, keys: [OTHER_KEY], overrides: { streamTimeoutMs: 200 } });
    const foreigner = await start("c", { seeds, label: "other", overrides: { streamTimeoutMs: 200 } });
    const friend = await start("d", { seeds });
    await friend.joined();
    expect(stranger.isJoined).toBe(false);
    expect(foreigner.isJoined).toBe(false);
    await until(first, (view) => healthOf(view, "d") === "alive");
    expect(first.view().members.map(({ id }) => id)).toEqual(["a", "d"]);
  }, 20_000);

  test("keys are replaced without losing a member", async () => {
    const first = await start("a");
    const second = await start("b", { seeds: [first.gossipAddress] });
    await until(first, (view) => healthOf(view, "b") === "alive");
    // Install the new key everywhere, then use it, then forget the old one; after each step news still travels.
    const steps: readonly (readonly Uint8Array[])[] = [[KEY, OTHER_KEY], [OTHER_KEY, KEY], [OTHER_KEY]];
    for (const [step, keys] of steps.entries()) {
      for (const handle of [first, second]) handle.setKeys(keys);
      const linkAddress = `127.0.0.1:${100 + step}`;
      second.setMeta({ linkAddress, zone: "", weight: 1 });
      await until(first, ({ members }) => members.some((member) => member.linkAddress === linkAddress));
    }
    expect(healthOf(first.view(), "b")).toBe("alive");
    expect(() => first.setKeys([])).toThrow(expect.objectContaining({ code: "invalid_argument" }));
  }, 20_000);

  test("of two processes of one name the newer stays", async () => {
    const seed = await start("seed");
    const seeds = [seed.gossipAddress];
    const older = await start("twin", { seeds });
    await until(seed, (view) => healthOf(view, "twin") === "alive");
    const evicted = new Promise<string>((resolve) => older.onEvicted(resolve));
    const newer = await start("twin", { seeds });
    expect(await evicted).toContain(newer.gossipAddress);
    expect(newer.isJoined).toBe(true);
  }, 20_000);

  test("settings that cannot work are refused", async () => {
    for (const wrong of [
      { label: "" },
      { nodeId: "" },
      { nodeId: "a b" },
      { bind: "nowhere" },
      { seeds: ["x"] },
      { keys: [] },
    ]) {
      await expect(start("a", wrong)).rejects.toMatchObject({ code: "invalid_argument" });
    }
    const first = await start("a");
    await expect(start("b", { bind: first.gossipAddress })).rejects.toMatchObject({ code: "EADDRINUSE" });
  });
});
