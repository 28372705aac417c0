import { describe, expect, test } from "@jest/globals";
import { ServiceError } from "@tidewire/foundation";
import { TidewireClient, TidewireError } from "../src/index.ts";
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

describe("tokens", () => {
  const jwt = (expiresAtMs: number): string => {
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
    return `${part({ alg: "none" })}.${part({ sub: "älice?>", exp: Math.floor(expiresAtMs / 1_000) })}.sig`;
  };

  test("a provider is asked at each connect", async () => {
    let count = 0;
    const world = new World({ token: async () => `dev:alice${++count}` });
    world.client.connect();
    await world.pass(50);
    world.network.cut();
    await world.pass(2_000);
    expect(world.server.session.token).toBe("dev:alice2");
  });

  test("a JWT is renewed before it expires, without a new connection", async () => {
    const tokens: string[] = [];
    const world = new World({
      token: () => {
        tokens.push(jwt(world.clock.wallMs() + 100_000));
        return tokens.at(-1)!;
      },
    });
    world.client.connect();
    await world.pass(79_000);
    expect(tokens).toHaveLength(1);
    await world.pass(3_000);
    expect(tokens).toHaveLength(2);
    expect(world.server.session.token).toBe(tokens[1]);
    await world.pass(85_000);
    expect(tokens).toHaveLength(3);
    expect(world.server.connections).toBe(1);
  });

  test("a renewal that fails is tried again", async () => {
    let isDown = false;
    let asked = 0;
    const world = new World({
      token: () => {
        asked++;
        if (isDown) throw new Error("identity provider away");
        return jwt(world.clock.wallMs() + 100_000);
      },
    });
    world.client.connect();
    await world.pass(50);
    isDown = true;
    await world.pass(84_000);
    expect(asked).toBeGreaterThan(2);
    isDown = false;
    await world.pass(20_000);
    expect(world.server.methods().filter((method) => method === "session/authenticate")).toHaveLength(2);
    expect(world.client.state.status).toBe("live");
  });

  test("a provider that fails, or never answers, is a failed attempt", async () => {
    const answers = [() => Promise.reject(new Error("away")), () => new Promise<string>(() => {}), () => "dev:bob"];
    const world = new World({ token: () => (answers.shift() ?? (() => "dev:carol"))() });
    world.client.connect();
    await world.pass(100);
    expect(world.client.state).toMatchObject({ status: "connecting", reason: { code: "unavailable" } });
    await world.pass(25_000);
    expect(world.server.session.token).toBe("dev:bob");
  });

  test("a provider that says no closes the client", async () => {
    const world = new World({
      token: () => {
        throw new TidewireError("unauthenticated", "please log in");
      },
    });
    world.client.connect();
    await world.pass(100);
    expect(world.client.state).toMatchObject({ status: "closed", reason: { message: "please log in" } });
  });

  test("a token that expired on the way is replaced when there is a provider", async () => {
    let count = 0;
    const world = new World({ token: () => `dev:${++count}` });
    world.server.authenticate = (token) => {
      if (token === "dev:1") throw new ServiceError("token_expired", "old");
      return { agent: "alice", authority: "dev" };
    };
    world.client.connect();
    await world.pass(3_000);
    expect(world.client.state.status).toBe("live");
    const fixed = new World();
    fixed.server.authenticate = () => {
      throw new ServiceError("token_expired", "old");
    };
    fixed.client.connect();
    await fixed.pass(3_000);
    expect(fixed.client.state).toMatchObject({ status: "closed", reason: { code: "token_expired" } });
  });

  test("a request refused for its token is repeated with a new one", async () => {
    let count = 0;
    const world = new World({ token: () => `dev:alice-${++count}` });
    world.server.intercept = (session, { method }) =>
      session.token === "dev:alice-1" && method !== "session/authenticate"
        ? { error: new ServiceError("token_expired", "old").toBody() }
        : undefined;
    world.server.authenticate = () => ({ agent: "alice", authority: "dev" });
    const document = world.client.document("game", "g1");
    document.subscribe(() => {});
    const sent = document.send("add", { by: 1, label: "once" });
    await world.pass(4_000);
    expect(await sent).toMatchObject({ seq: 2 });
    expect(document.state).toMatchObject({ status: "live", view: { value: 1 } });
    expect(world.server.connections).toBe(1);
    const fixed = new World();
    fixed.server.intercept = world.server.intercept = (_, { method }) =>
      method === "session/authenticate" ? undefined : { error: new ServiceError("token_expired", "old").toBody() };
    expect(
      await errorOf(Promise.all([fixed.client.document("game", "g1").send("add", { by: 1 }), fixed.pass(1_000)])),
    ).toMatchObject({
      code: "token_expired",
    });
  });
});
