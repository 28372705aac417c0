import { describe, expect, test } from "@jest/globals";
import { ServiceError } from "@tidewire/foundation";
import { TidewireClient } from "../src/index.ts";
import { errorOf, World } from "./support/world.ts";

describe("connecting", () => {
  test("making a client touches no network; the first need connects, authenticating first", async () => {
    const world = new World();
    world.client.document("game", "g1");
    await world.pass(1_000);
    expect(world.network.attempts).toEqual([]);
    expect(world.client.state).toEqual({ status: "connecting" });
    world.client.connect();
    world.client.connect();
    await world.pass(50);
    expect(world.network.attempts).toEqual(["ws://edge.test/v1/socket"]);
    expect(world.server.requests[0]).toEqual({ method: "session/authenticate", token: "dev:alice" });
    expect(world.client.state).toEqual({
      status: "live",
      transport: "websocket",
      principal: { agent: "alice", authority: "dev" },
    });
  });

  test.each([
    ["https://edge.test/", "wss://edge.test/v1/socket"],
    ["ws://edge.test:8080", "ws://edge.test:8080/v1/socket"],
    ["wss://edge.test/v1/socket", "wss://edge.test/v1/socket"],
    ["http://edge.test/behind/a/proxy/", "ws://edge.test/behind/a/proxy/v1/socket"],
  ])("the address %s means %s", async (url, expected) => {
    const world = new World({ url });
    world.client.connect();
    await world.pass(50);
    expect(world.network.attempts).toEqual([expected]);
  });

  test.each(["not a url", "ftp://edge.test", "/relative"])("the address %s is refused", (url) => {
    expect(() => new TidewireClient({ url })).toThrow(expect.objectContaining({ code: "invalid_argument" }));
  });

  test("without a token no token is shown", async () => {
    const world = new World({ token: () => "" });
    world.client.connect();
    await world.pass(50);
    expect(world.server.requests[0]).toEqual({ method: "session/authenticate", token: undefined });
    expect(world.client.principal).toEqual({ agent: "anonymous-1", authority: "anonymous" });
  });

  test("attempts follow the schedule: 1 s, doubling, cap 30 s, jitter 0.5 to 1.5", async () => {
    const world = new World({ seed: 7 });
    world.network.mode = "refuse";
    world.client.connect();
    const startedAt: number[] = [];
    for (let elapsedMs = 0; elapsedMs < 200_000; elapsedMs += 10) {
      if (world.network.attempts.length > startedAt.length) startedAt.push(world.clock.monotonicMs());
      await world.clock.advanceAsync(10);
    }
    const gaps = startedAt.slice(1).map((at, index) => at - startedAt[index]!);
    expect(gaps.length).toBeGreaterThan(7);
    for (const [index, gap] of gaps.entries()) {
      const base = Math.min(30_000, 1_000 * 2 ** index);
      expect(gap).toBeGreaterThanOrEqual(base * 0.5);
      expect(gap).toBeLessThanOrEqual(base * 1.5 + 20);
    }
    expect(new Set(gaps.slice(5)).size).toBeGreaterThan(1);
    expect(world.client.state).toMatchObject({
      status: "connecting",
      reason: { code: "unavailable" },
      retryAt: expect.any(Number),
    });
  });

  test("a connection that does not open is given up", async () => {
    const world = new World();
    world.network.mode = "hang";
    world.client.connect();
    await world.pass(4_900);
    expect(world.network.attempts).toHaveLength(1);
    await world.pass(2_000);
    expect(world.network.attempts).toHaveLength(2);
  });

  test("a server that accepts and drops is not asked faster and faster", async () => {
    const world = new World();
    world.server.intercept = (session, { method }) => {
      if (method === "heartbeat") session.close(4000);
      return undefined;
    };
    world.client.connect();
    // Each session lives for less than a heartbeat, so the pauses grow as if none had opened.
    await world.pass(60_000);
    expect(world.server.connections).toBeLessThan(10);
  });

  test("the server's advice wins over the schedule", async () => {
    const world = new World();
    let refusals = 1;
    world.server.authenticate = () => {
      if (refusals-- > 0) throw new ServiceError("overloaded", "later", { retryAfterMs: 9_000 });
      return { agent: "alice", authority: "dev" };
    };
    world.client.connect();
    await world.pass(8_900);
    expect(world.server.connections).toBe(1);
    await world.pass(200);
    expect(world.client.state.status).toBe("live");
    expect(world.server.connections).toBe(2);
  });

  test("a refusal for good closes the client with its reason", async () => {
    const world = new World();
    world.server.authenticate = () => {
      throw new ServiceError("unauthenticated", "no");
    };
    const document = world.client.document("game", "g1");
    document.subscribe(() => {});
    const sent = errorOf(document.send("add", { by: 1 }));
    await world.pass(60_000);
    expect(world.client.state).toMatchObject({ status: "closed", reason: { code: "unauthenticated" } });
    expect(document.state).toMatchObject({ status: "ended", error: { code: "unauthenticated" } });
    expect(await sent).toMatchObject({ code: "unauthenticated" });
    expect(world.server.connections).toBe(1);
    expect(await errorOf(document.get())).toMatchObject({ code: "unauthenticated" });
  });
});

describe("losing the connection", () => {
  test("stale is shown, the stream resumes by seq and hash, and nothing is sent twice", async () => {
    const world = new World();
    const { document, states } = await world.watch();
    world.server.change("game/g1", "add", { by: 4 });
    await world.pass(10);
    const { view } = document.state;
    world.network.cut();
    await world.pass(10);
    expect(world.client.state).toMatchObject({ status: "reconnecting", reason: { code: "unavailable" } });
    expect(document.state).toMatchObject({ status: "stale", view: { value: 4 } });
    await world.pass(2_000);
    expect(world.client.state.status).toBe("live");
    expect(document.state).toMatchObject({ status: "live", seq: 2 });
    expect(document.state.view).toBe(view);
    expect(states.map(({ status }) => status)).toEqual(["loading", "live", "live", "stale", "live"]);
    expect(world.server.requests.at(-1)).toMatchObject({
      resume: { seq: 2, hash: expect.stringMatching(/^[0-9a-f]{16}$/) },
    });
  });

  test("a snapshot after a reconnect replaces what was held", async () => {
    const world = new World();
    const { document } = await world.watch();
    world.server.change("game/g1", "deal", { rank: 1 });
    world.server.change("game/g1", "deal", { rank: 2 });
    await world.pass(10);
    const [, second] = document.state.view!["cards"] as object[];
    world.network.cut();
    world.server.change("game/g1", "drop");
    await world.pass(2_000);
    expect(document.state.view!["cards"]).toEqual([{ id: "2", rank: 2 }]);
    // Equal parts are the same objects, even over a snapshot.
    expect((document.state.view!["cards"] as object[])[0]).toBe(second);
  });

  test.each([4000, 4401, 4408, 4499, 1001, 1006, 1011, 1012])("close code %d: comes back", async (code) => {
    const world = new World();
    await world.watch();
    world.server.session.close(code);
    await world.pass(2_000);
    expect(world.client.state.status).toBe("live");
    expect(world.statuses).toContain("reconnecting");
  });

  test.each([4500, 4503, 4999])("close code %d: stops", async (code) => {
    const world = new World();
    const { document } = await world.watch();
    world.server.session.close(code, "because");
    await world.pass(60_000);
    expect(world.client.state).toMatchObject({ status: "closed", reason: { details: { closeCode: code } } });
    expect(document.state.status).toBe("ended");
    expect(world.server.connections).toBe(1);
  });

  test("what is no frame ends the connection, not the client", async () => {
    const world = new World();
    await world.watch();
    world.server.session.send(["no", "frame"]);
    await world.pass(2_000);
    expect(world.client.state.status).toBe("live");
    expect(world.server.connections).toBe(2);
  });

  test("frames of a newer server are ignored, and so are answers nobody waits for", async () => {
    const world = new World();
    const { document } = await world.watch();
    for (const frame of [
      { id: 0, news: {} },
      { id: 99, result: {} },
      { id: 99, delta: { "@s": 1 } },
      { id: 1, wave: 1 },
    ]) {
      world.server.session.send(frame);
    }
    world.server.change("game/g1", "add", { by: 1 });
    await world.pass(10);
    expect(document.state).toMatchObject({ status: "live", view: { value: 1 } });
    expect(world.server.connections).toBe(1);
  });

  test("offline is shown while there is no network, and its return ends the wait", async () => {
    let isOnline = true;
    let changed = (): void => {};
    const network = {
      isOnline: () => isOnline,
      onChange: (listener: () => void) => {
        changed = listener;
        return () => {};
      },
    };
    const world = new World({ network });
    await world.watch();
    isOnline = false;
    world.network.mode = "refuse";
    world.network.cut();
    await world.pass(40_000);
    expect(world.client.state.status).toBe("offline");
    const attempts = world.network.attempts.length;
    world.network.mode = "accept";
    isOnline = true;
    changed();
    await world.pass(10);
    expect(world.network.attempts).toHaveLength(attempts + 1);
    expect(world.client.state.status).toBe("live");
  });

  test("close says goodbye and stays closed", async () => {
    const world = new World();
    const { document } = await world.watch();
    world.client.close();
    await world.pass(10);
    expect(world.client.state).toEqual({ status: "closed" });
    expect(document.state).toMatchObject({ status: "ended", error: { code: "unavailable", retryable: false } });
    expect(world.server.sessions.size).toBe(0);
    world.client.connect();
    document.subscribe(() => {});
    await world.pass(5_000);
    expect(world.server.connections).toBe(1);
    expect(document.state.status).toBe("ended");
  });
});
