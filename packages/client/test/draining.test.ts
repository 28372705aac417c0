import { describe, expect, test } from "@jest/globals";
import { ServiceError } from "@tidewire/foundation";
import { World } from "./support/world.ts";

describe("draining", () => {
  test("the new connection is made first, with the ticket, and the old one closed; nothing shows", async () => {
    const world = new World();
    const { document, states } = await world.watch();
    const old = world.server.session;
    old.drain(1_000, "ticket:abc");
    await world.pass(900);
    expect(world.server.connections).toBe(1);
    await world.pass(200);
    expect(world.server.connections).toBe(2);
    expect(world.server.session.token).toBe("ticket:abc");
    expect(old.isClosed).toBe(true);
    expect(world.statuses).not.toContain("reconnecting");
    expect(states.map(({ status }) => status)).toEqual(["loading", "live"]);
    world.server.change("game/g1", "add", { by: 1 });
    await world.pass(10);
    expect(document.state).toMatchObject({ status: "live", view: { value: 1 } });
  });

  test("changes on both connections while they overlap: what is shown never goes back, and is right", async () => {
    const world = new World();
    const { document, states } = await world.watch();
    // The new edge is far away: what it says first is older than what the old one has said by then.
    world.network.latencyMs = 60;
    world.server.session.drain(0, "ticket:abc");
    for (let step = 0; step < 40; step++) {
      world.server.change("game/g1", "add", { by: 1 });
      await world.clock.advanceAsync(step < 30 ? 7 : 70);
    }
    await world.pass(200);
    expect(world.server.connections).toBe(2);
    expect(world.server.sessions.size).toBe(1);
    expect(document.state).toMatchObject({ status: "live", view: { value: 40 }, seq: 41 });
    const seqs = states.map(({ seq }) => seq);
    expect(seqs).toEqual(seqs.toSorted((a, b) => a - b));
    expect(new Set(states.map(({ status }) => status))).toEqual(new Set(["loading", "live"]));
  });

  test("sends during the hand-over keep their order and happen once", async () => {
    const world = new World();
    const { document } = await world.watch();
    world.network.slowDown(20);
    const sends: Promise<unknown>[] = [];
    world.server.session.drain(0, "ticket:abc");
    for (let step = 0; step < 30; step++) {
      sends.push(document.send("set", { text: `s${step}`, label: `s${step}` }));
      await world.clock.advanceAsync(5);
    }
    await world.pass(500);
    const seqs = ((await Promise.all(sends)) as { seq: number }[]).map(({ seq }) => seq);
    expect(seqs).toEqual(Array.from({ length: 30 }, (_, index) => index + 2));
    expect(new Set(world.server.document("game/g1").executed.values())).toEqual(new Set([1]));
  });

  test("a server that goes before the advised time is still left alone until then", async () => {
    const world = new World();
    await world.watch();
    world.server.session.drain(6_000, "ticket:abc");
    await world.pass(100);
    world.server.session.close(4410);
    await world.pass(5_700);
    expect(world.server.connections).toBe(1);
    await world.pass(400);
    expect(world.client.state.status).toBe("live");
    expect(world.server.session.token).toBe("ticket:abc");
  });

  test("a ticket that is not taken: the token is", async () => {
    const world = new World();
    await world.watch();
    world.server.authenticate = (token) => {
      if (token === "ticket:old") throw new ServiceError("token_expired", "too late");
      return { agent: "alice", authority: "dev" };
    };
    world.server.session.drain(0, "ticket:old");
    await world.pass(50);
    world.server.session.close(4410);
    await world.pass(3_000);
    expect(world.client.state.status).toBe("live");
    expect(world.server.session.token).toBe("dev:alice");
  });

  test("the next edge is away: the old connection is kept while it lasts, and attempts go on", async () => {
    const world = new World();
    const { document } = await world.watch();
    world.network.mode = "refuse";
    world.server.session.drain(0);
    await world.pass(5_000);
    expect(document.state.status).toBe("live");
    expect(world.network.attempts.length).toBeGreaterThan(2);
    world.network.mode = "accept";
    await world.pass(10_000);
    expect(world.server.connections).toBe(2);
    expect(world.server.sessions.size).toBe(1);
    expect(document.state.status).toBe("live");
  });

  test("an old connection whose answers never come is closed after a while, and its sends go to the new one", async () => {
    const world = new World();
    const { document } = await world.watch();
    const old = world.server.session;
    world.server.intercept = (session, { method }) =>
      session === old && method === "message/send" ? "none" : undefined;
    const stuck = document.send("add", { by: 1, label: "stuck" });
    old.drain(0, "ticket:abc");
    await world.pass(50);
    const behind = document.send("add", { by: 1, label: "behind" });
    await world.pass(4_000);
    expect(old.isClosed).toBe(false);
    await world.pass(1_500);
    expect(old.isClosed).toBe(true);
    expect([(await stuck).seq, (await behind).seq]).toEqual([2, 3]);
  });
});
