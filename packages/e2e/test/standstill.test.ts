import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type ConformanceView, RawClient, System } from "@tidewire/harness";

const ROUTING_TABLES = ["routing-table-1", "routing-table-2"];
/** A long turn of JavaScript: longer than probes wait, shorter than a suspicion. */
const TURN_MS = 2_000;
/** Longer than a suspicion, and than two heartbeats of a link. */
const LONG_MS = 10_000;

let system: System;
let sender: RawClient;
let viewer: RawClient;
const streams = new Map<string, number>();
const sent = new Map<string, number>();

beforeAll(async () => {
  system = await System.start({ hosts: 2, routingTables: ROUTING_TABLES.length });
  sender = await RawClient.as(system.socketUrl, "ann");
  viewer = await RawClient.as(system.socketUrl, "ben");
  for (let index = 0; index < 6; index++) {
    const key = `still-${index}`;
    await add(key);
    streams.set(key, await viewer.connect("conformance", key));
  }
}, 90_000);
afterAll(async () => {
  await sender.close();
  await viewer.close();
  await system.stop();
}, 60_000);

/** Resolves when it is acknowledged; a refusal other than "wait" fails the test. */
async function add(key: string): Promise<void> {
  const count = sent.get(key) ?? 0;
  const send = { space: "conformance", key, message: "add", arg: { by: 1 }, marker: `${key}-${count}` };
  for (;;) {
    try {
      await sender.call("message/send", send);
      sent.set(key, count + 1);
      return;
    } catch (error) {
      expect(error).toMatchObject({ retryable: true });
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

const addToAll = (): Promise<unknown> => Promise.all([...streams.keys()].map(add));

/** Every stream shows all that was acknowledged, on the sockets that were there from the beginning. */
async function expectUnbroken(): Promise<void> {
  await addToAll();
  for (const [key, id] of streams) {
    await viewer.untilView<ConformanceView>(id, ({ value }) => value === sent.get(key));
  }
  expect(viewer.mismatches).toEqual([]);
  expect(viewer.frames.filter(({ end, error }) => end !== undefined || error !== undefined)).toEqual([]);
}

const buried = async (): Promise<number> => {
  const counts = [...ROUTING_TABLES, ...system.hostNames].map((name) =>
    system.metric(name, "tidewire_membership_changes_total", 'after="dead"'),
  );
  return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
};

test("a host that has turns of two seconds is buried by nobody, buries nobody, and keeps its documents", async () => {
  const [host] = system.hostNames as [string];
  for (let turn = 0; turn < 3; turn++) {
    await system.freeze(host, TURN_MS);
    await addToAll();
  }
  // It knows that it was slow: this is what makes it patient with others.
  expect(await system.metric(host, "tidewire_membership_local_health")).toBeGreaterThan(0);
  expect(await buried()).toBe(0);
  await expectUnbroken();
}, 60_000);

describe("what stands still for ten seconds and goes on", () => {
  test("a routing table: nobody notices, and what is sent meanwhile is served", async () => {
    let isOver = false;
    const standing = system.freeze("routing-table-1", LONG_MS).then(() => {
      isOver = true;
    });
    let rounds = 0;
    while (!isOver) {
      await addToAll();
      rounds++;
    }
    await standing;
    expect(rounds).toBeGreaterThan(10);
    await expectUnbroken();
  }, 60_000);

  test("an edge: its sockets and streams are the same, and what waited is served", async () => {
    const waiting = addToAll();
    await system.freeze("edge-proxy-1", LONG_MS);
    await waiting;
    await expectUnbroken();
    expect([sender.closed, viewer.closed]).toEqual([undefined, undefined]);
  }, 60_000);
});
