import { describe, expect, test } from "@jest/globals";
import { World } from "./support/world.ts";

describe("heartbeats", () => {
  test("said every interval, with the streams' state, and the round trip is known", async () => {
    const world = new World();
    await world.watch();
    world.network.slowDown(20);
    await world.pass(20_000);
    const beats = world.server.methods().filter((method) => method === "heartbeat");
    expect(beats.length).toBeGreaterThanOrEqual(4);
    expect(beats.length).toBeLessThanOrEqual(6);
    expect(world.client.roundTripMs).toBe(40);
    expect(world.server.checks.at(-1)).toEqual([[2, 1, expect.stringMatching(/^[0-9a-f]{16}$/)]]);
  });

  test("a stream in motion reports its last verified frame, a quiet one its state", async () => {
    const world = new World({ seed: 3 });
    const { document } = await world.watch();
    await world.pass(6_000);
    const quiet = world.server.checks.at(-1)![0]!;
    world.server.change("game/g1", "add", { by: 1 });
    await world.pass(10);
    world.server.hashEvery = false;
    world.server.change("game/g1", "add", { by: 1 });
    await world.pass(5_000);
    const moving = world.server.checks.at(-1)![0]!;
    expect([quiet[1], moving[1]]).toEqual([1, 2]);
    expect(document.state.seq).toBe(3);
    await world.pass(5_000);
    const settled = world.server.checks.at(-1)![0]!;
    expect(settled[1]).toBe(3);
    expect(settled[2]).not.toBe(moving[2]);
  });

  test("silence: stale after one and a half intervals, given up after two", async () => {
    const world = new World();
    const { document } = await world.watch();
    world.network.blackhole();
    // Nobody says the server's heartbeats here.
    await world.clock.advanceAsync(7_400);
    expect(world.client.state.status).toBe("live");
    await world.clock.advanceAsync(200);
    expect(world.client.state).toMatchObject({ status: "stale", reason: { code: "unavailable" } });
    expect(document.state.status).toBe("stale");
    await world.clock.advanceAsync(2_500);
    expect(world.client.state.status).toBe("reconnecting");
    await world.pass(2_000);
    expect(document.state.status).toBe("live");
    expect(world.server.connections).toBe(2);
  });

  test("a server that is heard again in time is live again", async () => {
    const world = new World();
    const { document } = await world.watch();
    world.network.blackhole();
    await world.clock.advanceAsync(8_000);
    expect(document.state.status).toBe("stale");
    for (const socket of world.network.sockets) socket.isSilent = false;
    world.server.session.heartbeat();
    await world.clock.advanceAsync(10);
    expect(document.state.status).toBe("live");
    expect(world.client.state.status).toBe("live");
    expect(world.server.connections).toBe(1);
  });

  test("a machine that slept asks before it gives the connection up", async () => {
    const world = new World();
    const { document } = await world.watch();
    await world.pass(6_000);
    const monotonicMs = world.clock.monotonicMs.bind(world.clock);
    world.clock.monotonicMs = () => monotonicMs() + 3_600_000;
    await world.clock.advanceAsync(7_600);
    expect(document.state.status).toBe("live");
    expect(world.statuses).toContain("stale");
    expect(world.server.connections).toBe(1);
    // And when nobody answers, half an interval is enough to know.
    world.network.blackhole();
    world.clock.monotonicMs = () => monotonicMs() + 7_200_000;
    await world.clock.advanceAsync(10_100);
    expect(world.statuses).toContain("reconnecting");
    await world.pass(3_000);
    expect(world.server.connections).toBe(2);
  });

  test("the server's heartbeat makes the client speak when its own timer is late", async () => {
    const world = new World();
    await world.watch();
    await world.pass(6_000);
    // Timers of a hidden page: none fires, but messages come in.
    const after = world.clock.after.bind(world.clock);
    const throttled: (() => void)[] = [];
    world.clock.after = (delayMs, callback) =>
      delayMs >= 4_000 ? { cancel: () => void throttled.splice(0) } : after(delayMs, callback);
    await world.pass(5_000);
    const before = world.server.methods().filter((method) => method === "heartbeat").length;
    await world.pass(15_000);
    expect(world.server.methods().filter((method) => method === "heartbeat").length).toBeGreaterThan(before);
    world.clock.after = after;
    expect(world.server.connections).toBe(1);
  });
});

describe("acknowledgements", () => {
  test("the first frame at once, then within a second, naming what was applied", async () => {
    const world = new World();
    await world.watch();
    expect(world.server.acks).toEqual([[[2, 1]]]);
    for (const by of [1, 2, 3]) world.server.change("game/g1", "add", { by });
    await world.pass(500);
    expect(world.server.acks).toHaveLength(1);
    await world.pass(600);
    expect(world.server.acks.slice(1)).toEqual([[[2, 4]]]);
    await world.pass(10_000);
    expect(world.server.acks).toHaveLength(2);
  });

  test("at half the window", async () => {
    const world = new World({}, { limits: { ackWindowBytes: 2_000 } });
    await world.watch();
    for (let index = 0; index < 4; index++) {
      world.server.change("game/g1", "set", { text: String(index).repeat(300) });
      await world.pass(5);
    }
    expect(world.server.acks).toEqual([[[2, 1]], [[2, 4]]]);
  });
});
