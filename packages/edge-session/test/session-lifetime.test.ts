import { describe, expect, it } from "@jest/globals";
import { ManualClock, noMetrics, SeededRandom, type ServiceError } from "@tidewire/foundation";
import { Admission } from "../src/admission/admission.ts";
import { TokenBucket } from "../src/admission/token-bucket.ts";
import { edgeMetrics } from "../src/metrics.ts";
import { HttpExchange } from "./support/http-exchange.ts";
import { realTurns } from "./support/real-turns.ts";
import { TestClient } from "./support/test-client.ts";
import { TestEdge } from "./support/test-edge.ts";

const document = { space: "conformance", key: "k1" };

describe("heartbeats", () => {
  it("come every heartbeatMs, also before authentication", async () => {
    const edge = await TestEdge.start();
    const client = await edge.connect();
    const at: number[] = [];
    for (let second = 0; second < 300; second++) {
      if (second === 50) client.up({ id: 2, method: "session/authenticate", token: "dev:late" });
      if (second % 4 === 0) client.up({ id: 1, method: "heartbeat", at: 1 });
      const before = client.of(0).length;
      await edge.settle(1_000);
      if (client.of(0).length > before) at.push(client.of(0).at(-1)!.heartbeat!.at);
    }
    const gaps = at.slice(1).map((time, index) => time - at[index]!);
    expect(new Set(gaps)).toEqual(new Set([5_000]));
    expect(at.length).toBeGreaterThanOrEqual(59);
  });

  it("are answered with the client's own time", async () => {
    const edge = await TestEdge.start();
    const client = await edge.connectAs();
    client.up({ id: 1, method: "heartbeat", at: 1718000000000.25 });
    expect(client.last(1)).toEqual({ id: 1, result: { at: 1718000000000.25 } });
  });
});

describe("silence", () => {
  it("of two heartbeat intervals closes with 4408", async () => {
    const edge = await TestEdge.start();
    const client = await edge.connectWithStream();
    await edge.settle(9_990);
    expect(client.closedWith).toBeUndefined();
    await edge.settle(20);
    expect(client.closedWith?.code).toBe(4408);
    expect(edge.hosts[0].viewers.size).toBe(0);
  });

  it.each([
    ["a heartbeat", (client: TestClient) => client.up({ id: 1, method: "heartbeat", at: 1 })],
    ["an ack", (client: TestClient) => client.up({ id: 0, ack: [] })],
    ["a refused request", (client: TestClient) => client.up({ id: 1, method: "?" })],
    ["a ping", (client: TestClient) => client.session.heard()],
  ])("is broken by %s", async (_name, speak) => {
    const edge = await TestEdge.start();
    const client = await edge.connectAs();
    await edge.settle(9_000);
    speak(client);
    await edge.settle(9_900);
    expect(client.closedWith).toBeUndefined();
    await edge.settle(200);
    expect(client.closedWith?.code).toBe(4408);
  });
});

describe("a client that does not say who it is", () => {
  it("is closed with 4402 when its time is over, however much else it says", async () => {
    const edge = await TestEdge.start();
    const client = await edge.connect();
    for (let second = 0; second < 59; second++) {
      client.up({ id: 1, method: "heartbeat", at: 1 });
      client.up({ id: 2, method: "session/authenticate", token: "nobody" });
      await edge.settle(1_000);
    }
    expect(client.last(1)?.error?.code).toBe("unauthenticated");
    expect(client.closedWith).toBeUndefined();
    await edge.settle(1_010);
    expect(client.closedWith?.code).toBe(4402);
  });

  it("stays when it says so in time, and is asked no more", async () => {
    const edge = await TestEdge.start();
    const client = await edge.connect();
    for (let second = 0; second < 200; second++) {
      if (second === 58) client.up({ id: 2, method: "session/authenticate", token: "dev:late" });
      client.up({ id: 1, method: "heartbeat", at: 1 });
      await edge.settle(1_000);
    }
    expect(client.last(2)?.result?.["principal"]).toMatchObject({ agent: "late" });
    expect(client.closedWith).toBeUndefined();
  });

  it("leaves no timer behind", async () => {
    const edge = await TestEdge.start();
    const before = edge.clock.pendingTimers;
    const client = await edge.connect();
    client.session.closed();
    await edge.settle();
    expect(edge.clock.pendingTimers).toBe(before);
  });
});

describe("draining", () => {
  it("sends everyone elsewhere, evenly spread, with a ticket that opens the next edge", async () => {
    const edge = await TestEdge.start();
    const clients: TestClient[] = [];
    for (let count = 0; count < 10; count++) clients.push(await edge.connectAs(`agent-${count}`));
    const reader = await new HttpExchange(edge, "/v1/documents/conformance/k1/stream", { as: "sse" }).stream();
    const stranger = await edge.connect();
    const drained = edge.edge.drain({ clientsPerSecond: 12, spreadMaxMs: 10_000, graceMs: 2_000 });
    const drains = await Promise.all(clients.map(drainOf));
    expect(drains.map(({ reconnectAfterMs }) => reconnectAfterMs)).toEqual([
      0, 83, 167, 250, 333, 417, 500, 583, 667, 750,
    ]);
    expect((await drainOf(stranger)).ticket).toBe("");
    const other = await TestEdge.start();
    const next = await other.connect({ authorization: `Bearer ${drains[3]!.ticket}` });
    next.up({ id: 1, method: "message/send", ...document, message: "m" });
    await other.settle();
    expect(other.hosts[0].sends[0]?.principal).toEqual({ agent: "agent-3", authority: "dev" });
    const inBand = await other.connect();
    inBand.up({ id: 1, method: "session/authenticate", token: drains[4]!.ticket });
    await realTurns(() => inBand.last(1) !== undefined);
    expect(inBand.last(1)?.result).toMatchObject({ principal: { agent: "agent-4" } });

    for (const client of clients.slice(0, 5)) client.session.closed();
    await edge.settle(2_900);
    expect(clients[7]?.closedWith).toBeUndefined();
    await edge.settle(200);
    await drained;
    expect(clients[7]?.closedWith?.code).toBe(4410);
    expect(reader.text).toMatch(/^retry: \d+$/m);
    expect(reader.received.map(({ event }) => event)).toEqual(["snapshot", "drain", "end"]);
    expect(edge.edge.sessionCount).toBe(0);
  });

  it("lets nobody new in", async () => {
    const edge = await TestEdge.start();
    await edge.edge.drain();
    const decision = await edge.edge.judgeUpgrade({ address: "a", header: () => undefined });
    expect(decision).toMatchObject({ kind: "refuse", response: { status: 503, headers: { "Retry-After": "1" } } });
  });
});

describe("admission", () => {
  const modules = (clock: ManualClock) => ({ clock, random: new SeededRandom(3), metrics: edgeMetrics(noMetrics) });

  it("spreads those it refuses over the time the queue needs", () => {
    const clock = new ManualClock();
    const bucket = new TokenBucket(modules(clock), { perSecond: 100, burst: 10 });
    const answers = Array.from({ length: 110 }, () => bucket.take());
    expect(answers.slice(0, 10)).toEqual(Array.from({ length: 10 }));
    const waits = answers.slice(10) as number[];
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(10);
    expect(Math.max(...waits)).toBeGreaterThan(900);
    expect(Math.max(...waits)).toBeLessThan(1_300);
    for (let from = 0; from < 1_000; from += 250) {
      const inQuarter = waits.filter((wait) => wait >= from && wait < from + 250).length;
      expect(inQuarter).toBeGreaterThan(10);
    }
    clock.advance(1_000);
    expect(Array.from({ length: 10 }, () => bucket.take())).toEqual(Array.from({ length: 10 }));
  });

  it("never sends anyone away for longer than the clients' own backoff", () => {
    const bucket = new TokenBucket(modules(new ManualClock()), { perSecond: 1, burst: 1 });
    const waits = Array.from({ length: 1_000 }, () => bucket.take() ?? 0);
    expect(Math.max(...waits)).toBeLessThanOrEqual(37_500);
  });

  it("falls with the event loop's delay", () => {
    const clock = new ManualClock();
    const bucket = { perSecond: 100, burst: 100 };
    const admission = new Admission(modules(clock), {
      session: bucket,
      authentication: bucket,
      snapshot: bucket,
      loopDelayTargetMs: 50,
    });
    const admitted = (): number => {
      let count = 0;
      for (;;) {
        try {
          admission.admit("session");
          count++;
        } catch (error) {
          expect(error).toMatchObject({ code: "overloaded", retryable: true });
          expect((error as ServiceError).retryAfterMs).toBeGreaterThan(0);
          return count;
        }
      }
    };
    expect(admitted()).toBe(100);
    admission.observeLoopDelay(200);
    clock.advance(1_000);
    expect(admitted()).toBe(25);
    admission.observeLoopDelay(10);
    clock.advance(1_000);
    expect(admitted()).toBe(100);
  });

  it("refuses snapshots by code, and lets resumes through", async () => {
    const none = { perSecond: 0.001, burst: 1 };
    const plenty = { perSecond: 1_000, burst: 1_000 };
    const edge = await TestEdge.start({
      edge: { admission: { session: plenty, authentication: plenty, snapshot: none, loopDelayTargetMs: 50 } },
    });
    const client = await edge.connectAs();
    client.up({ id: 1, method: "connection/create", ...document });
    client.up({ id: 2, method: "connection/create", ...document });
    client.up({ id: 3, method: "connection/resync", connection: 1 });
    client.up({ id: 4, method: "connection/create", ...document, resume: { seq: 1, hash: edge.document.hash } });
    await edge.settle();
    expect(client.kinds(1)).toEqual(["snapshot"]);
    for (const id of [2, 3]) expect(client.last(id)?.error).toMatchObject({ code: "overloaded", retryable: true });
    expect(client.kinds(4)).toEqual(["delta"]);
  });

  it("bounds sessions by address, by principal and altogether", async () => {
    const edge = await TestEdge.start({
      limits: { sessionsMax: 5, sessionsPerAddressMax: 2, sessionsPerPrincipalMax: 3 },
    });
    const judge = (address: string) => edge.edge.judgeUpgrade({ address, header: () => undefined });
    await edge.connect({}, "a");
    const second = await edge.connect({}, "a");
    expect(await judge("a")).toMatchObject({ kind: "refuse", response: { status: 429 } });
    second.session.closed();
    expect(await judge("a")).toMatchObject({ kind: "accept" });
    const clients = await Promise.all(["b", "c", "d", "e"].map((address) => edge.connect({}, address)));
    expect(await judge("f")).toMatchObject({ kind: "refuse", response: { status: 503 } });
    for (const client of clients) client.up({ id: 1, method: "session/authenticate", token: "dev:alice" });
    await edge.settle();
    expect(clients.map((client) => client.last(1)?.error?.code)).toEqual([
      undefined,
      undefined,
      undefined,
      "limit_exceeded",
    ]);
    clients[0]!.session.closed();
    clients[3]!.up({ id: 2, method: "session/authenticate", token: "dev:alice" });
    await edge.settle();
    expect(clients[3]?.last(2)?.result).toBeDefined();
  });
});

describe("an upgrade that was accepted", () => {
  const header = (name: string) => (name === "authorization" ? "Bearer dev:alice" : undefined);

  it("is refused if its principal has as many sessions as it may", async () => {
    const edge = await TestEdge.start({ limits: { sessionsPerPrincipalMax: 1 } });
    await edge.connectAs("alice");
    const decision = await edge.edge.judgeUpgrade({ address: "a", header });
    expect(decision).toMatchObject({ kind: "refuse", response: { status: 429 } });
  });

  it("opens as one without a token if another was faster", async () => {
    const edge = await TestEdge.start({ limits: { sessionsPerPrincipalMax: 1 } });
    const judge = () => edge.edge.judgeUpgrade({ address: "a", header });
    const decisions = await Promise.all([judge(), judge()]);
    const clients = decisions.map((decision) => {
      if (decision.kind === "refuse") throw new Error("refused");
      const client = new TestClient();
      client.session = edge.edge.openSession(client, decision);
      client.up({ id: 1, method: "heartbeat", at: 1 });
      return client;
    });
    expect(clients.map((client) => client.last(1)?.error?.code)).toEqual([undefined, "unauthenticated"]);
    for (const client of clients) client.session.closed();
    expect(edge.edge.sessionCount).toBe(0);
    await edge.connectAs("alice");
  });
});

async function drainOf(client: TestClient): Promise<{ reconnectAfterMs: number; ticket: string }> {
  await realTurns(() => client.last(0)?.drain !== undefined);
  return client.last(0)!.drain!;
}
