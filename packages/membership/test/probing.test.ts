import { describe, expect, test } from "@jest/globals";
import { alive, LoneMember, ping } from "./support/lone-member.ts";

/** A member that probes `m` and knows `relays` others who never answer pings of their own. */
function prober(relays: number): LoneMember {
  const me = new LoneMember();
  me.receive("m:1", alive("m"));
  for (let index = 0; index < relays; index++) me.receive(`r${index}:1`, alive(`r${index}`));
  me.clear();
  return me;
}

/** Runs until `m` is being pinged and returns that ping. */
function untilPinged(me: LoneMember): { at: number; seq: number } {
  for (let waited = 0; waited < 60_000; waited += 10) {
    me.run(10);
    const found = me.partsSent("ping").find(({ to }) => to === "m:1");
    if (found !== undefined) return { at: found.at, seq: found.value.seq };
  }
  throw new Error("m was never probed");
}

describe("a probe round", () => {
  test("asks directly, then by stream and through three others, then accuses", () => {
    const me = prober(5);
    const { at, seq } = untilPinged(me);
    const factor = me.engine.localHealth + 1;
    me.clear();
    me.run(at + 500 * factor - me.now + 1);
    const requests = me.partsSent("pingRequest").filter(({ value }) => value.targetId === "m");
    expect(requests).toHaveLength(3);
    expect(new Set(requests.map(({ to }) => to)).size).toBe(3);
    expect(requests[0]!.value).toMatchObject({ seq, targetBoot: 500, targetAddress: "m:1", budgetMs: 500 * factor });
    expect(me.requests.filter(({ to, request }) => to === "m:1" && request.kind === "ping")).toHaveLength(1);
    expect(me.health("m")).toBe("alive");
    me.run(500 * factor + 1);
    expect(me.health("m")).toBe("suspect");
  });

  test("is over with any answer: direct, through a relay, or by stream", () => {
    for (const way of ["direct", "relay", "stream"]) {
      const me = prober(3);
      const { seq } = untilPinged(me);
      const ack = { seq, boot: 500, digest: 0, version: 0, lagMs: 0, keyIds: [4] };
      if (way === "direct") me.receive("m:1", { kind: "ack", value: ack });
      me.run(600);
      if (way === "relay") me.receive("r0:1", { kind: "ack", value: ack });
      const stream = me.requests.find(({ to }) => to === "m:1");
      expect(stream === undefined).toBe(way === "direct");
      if (way === "stream") me.answer(stream!.exchange, { kind: "ack", value: ack });
      me.run(500);
      expect([way, me.health("m")]).toEqual([way, "alive"]);
      if (way !== "stream") expect(me.engine.member("m")?.keyIds).toEqual([4]);
    }
  });

  test("an answer to another question does not count", () => {
    const me = prober(0);
    const { seq } = untilPinged(me);
    me.receive("m:1", { kind: "ack", value: { seq: seq + 1, boot: 500, digest: 0, version: 0, lagMs: 0, keyIds: [] } });
    me.run(1_100);
    expect(me.health("m")).toBe("suspect");
  });

  test("relays that answered `silent` speak for this node's own health, missing ones against it", () => {
    const quiet = prober(3);
    untilPinged(quiet);
    quiet.run(1_100);
    // Nobody answered anything: this node may be the problem.
    expect(quiet.engine.localHealth).toBeGreaterThanOrEqual(3);

    const witnessed = prober(3);
    const { seq } = untilPinged(witnessed);
    const before = witnessed.engine.localHealth;
    witnessed.run(500 * (before + 1) + 10);
    for (const { to } of witnessed.partsSent("pingRequest")) {
      witnessed.receive(to, { kind: "nack", value: { seq, reason: "silent", id: "", boot: 0 } });
    }
    witnessed.run(500 * (before + 1));
    expect(witnessed.health("m")).toBe("suspect");
    expect(witnessed.engine.localHealth).toBe(before);
  });

  test("interval and timeout grow with bad local health", () => {
    const me = prober(30);
    me.run(30_000);
    expect(me.engine.localHealth).toBe(8);
    me.clear();
    me.run(40_000);
    const pings = me.partsSent("ping").map(({ at }) => at);
    expect(pings.length).toBeGreaterThan(2);
    for (const [index, at] of pings.slice(1).entries()) expect(at - pings[index]!).toBeGreaterThanOrEqual(9_000 - 1);
  });

  test("a stranger at the member's address starts a suspicion at once, which one confirmation ends", () => {
    const me = prober(8);
    const { seq, at } = untilPinged(me);
    me.receive("m:1", { kind: "nack", value: { seq, reason: "identity", id: "other", boot: 3 } });
    expect(me.health("m")).toBe("suspect");
    me.receive("r0:1", { kind: "suspect", value: { id: "m", boot: 500, incarnation: 1, from: "r0" } });
    // 4 s, or up to twice that for a node in bad health, instead of 24.
    me.run(at + 8_500 - me.now);
    expect(me.health("m")).toBe("dead");
  });

  test("tells a suspect so, ahead of the ping", () => {
    const me = prober(0);
    me.receive("x:1", { kind: "suspect", value: { id: "m", boot: 500, incarnation: 1, from: "x" } });
    const { at } = untilPinged(me);
    const packet = me.sent.find((sent) => sent.at === at && sent.parts.some(({ kind }) => kind === "ping"))!;
    expect(packet.parts[0]).toMatchObject({ kind: "suspect", value: { id: "m", from: "me" } });
    expect(packet.parts[1]).toMatchObject({ kind: "ping" });
  });
});

describe("a relay", () => {
  const request = (budgetMs: number) =>
    ({
      kind: "pingRequest",
      value: { seq: 7, targetId: "m", targetBoot: 500, targetAddress: "m:1", budgetMs, sourceId: "q", sourceBoot: 5 },
    }) as const;

  test("asks the target and passes the answer on", () => {
    const me = new LoneMember();
    me.clear();
    me.receive("q:1", request(500));
    const [asked] = me.partsSent("ping");
    expect(asked).toMatchObject({ to: "m:1", value: { targetId: "m", targetBoot: 500 } });
    const ack = { seq: asked!.value.seq, boot: 500, digest: 1, version: 2, lagMs: 3, keyIds: [] };
    me.receive("m:1", { kind: "ack", value: ack });
    expect(me.partsSent("ack")).toMatchObject([{ to: "q:1", value: { ...ack, seq: 7 } }]);
    me.run(1_000);
    expect(me.partsSent("nack")).toEqual([]);
    expect(me.engine.sizes.relays).toBe(0);
  });

  test("says `silent` at 0.8 of the requester's patience, and still passes on a late answer", () => {
    const me = new LoneMember();
    me.clear();
    me.receive("q:1", request(500));
    me.run(399);
    expect(me.partsSent("nack")).toEqual([]);
    me.run(2);
    expect(me.partsSent("nack")).toMatchObject([{ to: "q:1", value: { seq: 7, reason: "silent" } }]);
    const seq = me.partsSent("ping")[0]!.value.seq;
    me.receive("m:1", { kind: "ack", value: { seq, boot: 500, digest: 0, version: 0, lagMs: 0, keyIds: [] } });
    expect(me.partsSent("ack")).toHaveLength(1);
  });

  test("passes on that somebody else answered", () => {
    const me = new LoneMember();
    me.clear();
    me.receive("q:1", request(500));
    const seq = me.partsSent("ping")[0]!.value.seq;
    me.receive("m:1", { kind: "nack", value: { seq, reason: "identity", id: "z", boot: 4 } });
    expect(me.partsSent("nack")).toMatchObject([
      { to: "q:1", value: { seq: 7, reason: "identity", id: "z", boot: 4 } },
    ]);
  });

  test("remembers a bounded number of requests, for a bounded time", () => {
    const me = new LoneMember({}, { relaysMax: 4 });
    for (let count = 0; count < 20; count++) me.receive("q:1", request(0xffff_ffff));
    expect(me.engine.sizes.relays).toBe(4);
    me.run(9_001);
    expect(me.engine.sizes.relays).toBe(0);
  });
});

describe("a ping", () => {
  test("is answered by the one it is meant for", () => {
    const me = new LoneMember();
    me.clear();
    me.receive("p:1", ping());
    expect(me.partsSent("ack")).toMatchObject([{ to: "p:1", value: { seq: 9, boot: 1_000 } }]);
  });

  test.each([
    ["another name", { targetId: "you" }],
    ["another boot", { targetBoot: 999 }],
  ])("meant for %s is answered with who lives here", (_what, overrides) => {
    const me = new LoneMember();
    me.clear();
    me.receive("p:1", ping(overrides));
    expect(me.partsSent("nack")).toMatchObject([{ to: "p:1", value: { reason: "identity", id: "me", boot: 1_000 } }]);
  });

  test("before the join is answered with `not ready`", () => {
    const me = new LoneMember({ allowBootstrap: false }, {}, false);
    me.handle({ kind: "start", seeds: ["seed:1"] });
    me.receive("p:1", ping());
    expect(me.partsSent("nack")).toMatchObject([{ to: "p:1", value: { reason: "notReady" } }]);
    expect(me.ask({ kind: "ping", value: ping().value as never })).toMatchObject({
      kind: "nack",
      value: { reason: "notReady" },
    });
  });
});

describe("a process that stood still", () => {
  test("does not take its own silence for the others'", () => {
    const me = prober(3);
    untilPinged(me);
    me.receive("x:1", { kind: "suspect", value: { id: "r0", boot: 500, incarnation: 1, from: "x" } });
    // The clock jumps past every deadline, then the timer fires.
    me.now += 600_000;
    me.handle({ kind: "tick" });
    expect(me.engine.localHealth).toBe(8);
    for (const id of ["m", "r0", "r1", "r2"]) expect([id, me.health(id)]).not.toEqual([id, "dead"]);
    expect(me.health("m")).toBe("alive");
  });
});
