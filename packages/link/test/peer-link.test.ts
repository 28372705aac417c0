import { beforeEach, describe, expect, it } from "@jest/globals";
import { ManualClock, noLogger, noMetrics, SeededRandom, type ServiceError } from "@tidewire/foundation";
import { rejection, settledUnder } from "../src/compliance/harness.ts";
import {
  echo,
  Opener,
  type Parcel,
  parcel,
  Server,
  streamMethod,
  unaryMethod,
} from "../src/compliance/test-service.ts";
import {
  LinkError,
  type LinkListener,
  LinkServiceTable,
  MemoryLinkNetwork,
  PeerLink,
  type PeerLinkOptions,
  PeerLinkPool,
  type PeerLinkState,
  type ServedMethods,
  type UnaryHandler,
} from "../src/index.ts";

const ADDRESS = "host:7000";
const safe = unaryMethod(50, "safe", { retry: "safe" });
const unsent = unaryMethod(51, "unsent", { retry: "unsent" });
const never = unaryMethod(52, "never", { retry: "never" });
const watch = streamMethod(60, "watch", { credit: 3 });

describe("peer link", () => {
  let clock: ManualClock;
  let network: MemoryLinkNetwork;
  let server: Server;
  let handled: number;

  beforeEach(() => {
    clock = new ManualClock();
    network = new MemoryLinkNetwork({ clock }, { latencyMs: () => 1 });
    server = new Server();
    handled = 0;
  });

  function services(answer: UnaryHandler<Parcel, Parcel> = (request) => request): ServedMethods {
    const table = new LinkServiceTable();
    const counted: UnaryHandler<Parcel, Parcel> = (request, context) => {
      handled++;
      return answer(request, context);
    };
    for (const method of [echo, safe, unsent, never]) table.unary(method, counted);
    table.stream(watch, server.handler);
    return table;
  }

  async function listen(answer?: UnaryHandler<Parcel, Parcel>): Promise<LinkListener> {
    return network.node("server", "document-host").listen(ADDRESS, services(answer));
  }

  function modules() {
    return {
      transport: network.node("client", "edge-proxy"),
      clock,
      random: new SeededRandom(7),
      logger: noLogger,
      metrics: noMetrics,
    };
  }

  function peerLink(options: Partial<PeerLinkOptions> = {}): { link: PeerLink; states: PeerLinkState[] } {
    const link = new PeerLink(ADDRESS, modules(), options);
    const states: PeerLinkState[] = [];
    link.onState((state) => states.push(state));
    return { link, states };
  }

  function settle<Value>(promise: Promise<Value>, withinMs = 60_000): Promise<Value> {
    return settledUnder(clock, promise, withinMs);
  }

  it("connects with the first call and stays connected", async () => {
    await listen();
    const { link, states } = peerLink();
    expect(link.state).toBe("idle");
    const answers = await settle(Promise.all([link.call(safe, parcel(1)), link.call(never, parcel(2))]));
    expect(answers.map((answer) => answer.number)).toEqual([1, 2]);
    expect(states).toEqual(["connecting", "open"]);
    expect(link.peer).toEqual({ nodeId: "server", role: "document-host" });
    expect(network.connectionCount).toBe(1);
    await settle(link.call(safe, parcel(3)));
    expect(network.connectionCount).toBe(1);
    expect(link.inFlight).toBe(0);
  });

  it("waits for a peer that is not there yet, on the schedule of the backoff", async () => {
    const { link } = peerLink();
    const dialledAt: number[] = [];
    link.onState((state) => {
      if (state === "connecting") dialledAt.push(clock.monotonicMs());
    });
    link.connect();
    await clock.advanceAsync(200_000);
    const gaps = dialledAt.slice(1).map((at, index) => at - (dialledAt[index] as number) - 2);
    expect(gaps.length).toBeGreaterThan(6);
    gaps.forEach((gap, attempt) => {
      const base = Math.min(30_000, 1000 * 2 ** attempt);
      expect(gap).toBeGreaterThanOrEqual(base * 0.5);
      expect(gap).toBeLessThanOrEqual(base * 1.5);
    });
    expect(link.lastError).toMatchObject({ code: "unavailable" });
    await listen();
    await clock.advanceAsync(46_000);
    expect(link.state).toBe("open");
    expect(link.lastError).toBeUndefined();
  });

  it("lets a call wait until its deadline, then says `unavailable` and why", async () => {
    const { link } = peerLink();
    const error = await settle(rejection(link.call(safe, parcel(1), { deadlineMs: 5_000 })));
    expect(clock.monotonicMs()).toBe(5_000);
    expect(error).toBeInstanceOf(LinkError);
    expect(error).toMatchObject({ code: "unavailable", isSent: false, cause: { code: "unavailable" } });
    expect(link.inFlight).toBe(0);
  });

  it("waits no longer than asked, and not at all for 0", async () => {
    const { link } = peerLink();
    await settle(rejection(link.call(safe, parcel(1), { waitMs: 300 })));
    expect(clock.monotonicMs()).toBe(300);
    const opener = new Opener();
    link.open(watch, parcel(1), opener, { waitMs: 0 });
    expect(opener.ends).toEqual([]);
    expect(await settle(opener.ended.promise, 1)).toMatchObject({ code: "unavailable" });
    const call = rejection(link.call(never, parcel(1), { waitMs: 0 }));
    expect(await settle(call, 1)).toMatchObject({ code: "unavailable", isSent: false });
    expect(opener.ends).toHaveLength(1);
  });

  it("sends what waited, in order, when the peer comes", async () => {
    const { link } = peerLink();
    const calls = [1, 2, 3].map((number) => link.call(never, parcel(number), { deadlineMs: 30_000 }));
    const opener = new Opener();
    const stream = link.open(watch, parcel(9), opener);
    stream.send(parcel(91));
    stream.grant(2);
    stream.send(parcel(92));
    expect([stream.id, stream.isOpen, link.inFlight]).toEqual([0, true, 4]);
    await clock.advanceAsync(500);
    await listen();
    expect((await settle(Promise.all(calls))).map((answer) => answer.number)).toEqual([1, 2, 3]);
    await settle(server.when(() => server.ups.length === 2));
    expect(server.ups).toEqual([91, 92]);
    expect(server.stream.credit).toBe(5);
    expect(stream.id).toBeGreaterThan(0);
    stream.cancel();
    await settle(server.cancelled.promise);
    expect([stream.isOpen, opener.ends.length]).toEqual([false, 0]);
  });

  it("bounds what waits", async () => {
    const { link } = peerLink({ waitingMax: 3, streamBacklogMax: 2 });
    const opener = new Opener();
    const stream = link.open(watch, parcel(1), opener);
    stream.send(parcel(1));
    stream.send(parcel(2));
    expect(() => stream.send(parcel(3))).toThrow(expect.objectContaining({ code: "overloaded" }));
    const waiting = [rejection(link.call(safe, parcel(1))), rejection(link.call(safe, parcel(2)))];
    const late = new Opener();
    link.open(watch, parcel(1), late);
    const error = await settle(rejection(link.call(safe, parcel(3))), 1);
    expect(error).toMatchObject({ code: "overloaded", isSent: false });
    expect(await settle(late.ended.promise, 1)).toMatchObject({ code: "overloaded" });
    stream.cancel();
    expect(link.inFlight).toBe(2);
    await settle(Promise.all(waiting));
    expect(opener.ends).toEqual([]);
  });

  it("sends `safe` calls again after a break, others not", async () => {
    await listen((request) => (handled <= 3 ? new Promise<Parcel>(() => {}) : request));
    const { link } = peerLink();
    const calls = [link.call(safe, parcel(1)), link.call(unsent, parcel(2)), link.call(never, parcel(3))];
    const outcomes = Promise.allSettled(calls);
    await clock.advanceAsync(10);
    expect(handled).toBe(3);
    network.sever("client", "server");
    const settled = await settle(outcomes);
    expect(settled[0]).toMatchObject({ status: "fulfilled", value: { number: 1 } });
    for (const failed of settled.slice(1)) {
      expect(failed).toMatchObject({ status: "rejected", reason: { code: "unavailable", isSent: true } });
    }
    expect(handled).toBe(4);
    // Broken, not closed in order: the first attempt waits for the backoff.
    expect(clock.monotonicMs()).toBeGreaterThanOrEqual(500);
  });

  it("gives up a `safe` call after so many attempts, and at its deadline", async () => {
    await listen(() => {
      clock.after(1, () => network.sever("client", "server"));
      return new Promise<Parcel>(() => {});
    });
    const { link } = peerLink({ attemptsMax: 3 });
    const error = await settle(rejection(link.call(safe, parcel(1), { deadlineMs: 60_000 })));
    expect(error).toMatchObject({ code: "unavailable", isSent: true });
    expect(handled).toBe(3);
    const started = clock.monotonicMs();
    await settle(rejection(link.call(safe, parcel(1), { deadlineMs: 100 })));
    expect(clock.monotonicMs() - started).toBeLessThanOrEqual(100);
  });

  it("stops retrying when the budget is empty, and earns it back", async () => {
    await listen((request) => (handled <= 10 ? new Promise<Parcel>(() => {}) : request));
    const { link } = peerLink({ retryBudget: { burst: 4, perSecond: 1 } });
    const outcomes = Promise.allSettled(Array.from({ length: 10 }, (_, index) => link.call(safe, parcel(index))));
    await clock.advanceAsync(10);
    network.sever("client", "server");
    const settled = await settle(outcomes);
    expect(settled.map((outcome) => outcome.status)).toEqual([
      ...Array.from({ length: 4 }, () => "fulfilled"),
      ...Array.from({ length: 6 }, () => "rejected"),
    ]);
    expect(handled).toBe(14);
  });

  it("does not take the peer's own errors for a broken link", async () => {
    await listen(() => {
      throw new LinkError("unavailable", "its own link broke", false);
    });
    const { link } = peerLink();
    const error = await settle(rejection(link.call(safe, parcel(1))));
    expect(error).toMatchObject({ code: "unavailable", message: "its own link broke" });
    expect(error).not.toBeInstanceOf(LinkError);
    expect(handled).toBe(1);
  });

  it("reconnects at once after an orderly close, then by the backoff", async () => {
    const first = await listen();
    const { link } = peerLink();
    link.connect();
    await clock.advanceAsync(10_000);
    expect(link.state).toBe("open");
    const closed = first.close(1_000);
    await listen();
    await clock.advanceAsync(10);
    await closed;
    expect(link.state).toBe("open");
    expect(network.connectionCount).toBe(1);
    // That one did not last: no second hurry.
    network.sever("client", "server");
    expect(link.state).toBe("waiting");
    await clock.advanceAsync(400);
    expect(link.state).toBe("waiting");
    await clock.advanceAsync(1_200);
    expect(link.state).toBe("open");
  });

  it("does not spin against a peer that closes every connection in order", async () => {
    let listener = await listen();
    const { link } = peerLink();
    let dials = 0;
    const replaceListener = async (): Promise<void> => {
      const closed = listener.close();
      listener = await listen();
      await closed;
    };
    link.onState((state) => {
      if (state === "connecting") dials++;
      if (state === "open") void replaceListener();
    });
    link.connect();
    await clock.advanceAsync(60_000);
    expect(dials).toBeGreaterThan(4);
    expect(dials).toBeLessThan(12);
  });

  it("moves to a new connection at go-away while old streams end on the old one", async () => {
    const first = await listen();
    const { link } = peerLink();
    const opener = new Opener();
    link.open(watch, parcel(1), opener);
    await settle(server.opened());
    const closed = first.close(30_000);
    await listen();
    await clock.advanceAsync(5);
    expect((await settle(link.call(never, parcel(5)))).number).toBe(5);
    expect(network.connectionCount).toBe(2);
    expect(link.inFlight).toBe(1);
    server.stream.send(parcel(8));
    server.stream.end();
    expect(await settle(opener.ended.promise)).toBeUndefined();
    expect(opener.numbers).toEqual([8]);
    await settle(closed);
    expect(network.connectionCount).toBe(1);
  });

  it("finds out about a silent peer and fails what hangs on it", async () => {
    await listen();
    const { link } = peerLink();
    const opener = new Opener();
    link.open(watch, parcel(1), opener);
    await settle(server.opened());
    network.cut("client", "server");
    const error = (await settle(opener.ended.promise)) as ServiceError;
    expect(error.code).toBe("unavailable");
    expect(clock.monotonicMs()).toBeLessThan(11_000);
    const call = link.call(safe, parcel(1), { deadlineMs: 20_000 });
    await clock.advanceAsync(2_000);
    network.heal("client", "server");
    expect((await settle(call)).number).toBe(1);
  });

  it("closes for good", async () => {
    await listen((request) => request);
    const { link, states } = peerLink();
    await settle(link.call(safe, parcel(1)));
    const opener = new Opener();
    link.open(watch, parcel(1), opener);
    await settle(server.opened());
    await settle(link.close(50));
    expect(opener.ends).toHaveLength(1);
    expect(states.at(-1)).toBe("closed");
    expect(await settle(rejection(link.call(safe, parcel(1))), 1)).toMatchObject({ code: "unavailable" });
    link.connect();
    await clock.advanceAsync(60_000);
    expect([link.state, network.connectionCount]).toEqual(["closed", 0]);
  });

  it("closes while it dials, failing what waits", async () => {
    await listen();
    const { link } = peerLink();
    const call = rejection(link.call(safe, parcel(1)));
    await link.close();
    expect(await settle(call, 1)).toMatchObject({ code: "unavailable", isSent: false });
    await clock.advanceAsync(100);
    expect([link.state, network.connectionCount]).toEqual(["closed", 0]);
  });

  describe("pool", () => {
    it("has one link per address and closes those that are idle", async () => {
      await listen();
      const pool = new PeerLinkPool(modules(), { idleMs: 10_000 });
      const link = pool.get(ADDRESS);
      expect(pool.get(ADDRESS)).toBe(link);
      await settle(link.call(safe, parcel(1)));
      const stream = link.open(watch, parcel(1), new Opener());
      await clock.advanceAsync(60_000);
      expect([pool.size, network.connectionCount]).toEqual([1, 1]);
      stream.cancel();
      await clock.advanceAsync(20_000);
      expect([pool.size, network.connectionCount, link.state]).toEqual([0, 0, "closed"]);
      expect((await settle(pool.get(ADDRESS).call(safe, parcel(2)))).number).toBe(2);
      await settle(pool.close());
      expect(() => pool.get(ADDRESS)).toThrow(expect.objectContaining({ code: "unavailable" }));
      await clock.advanceAsync(100);
      expect([clock.pendingTimers, network.connectionCount]).toEqual([0, 0]);
    });

    it("makes room by closing the longest unused, and refuses when all are busy", async () => {
      await listen();
      const pool = new PeerLinkPool(modules(), { linksMax: 2 });
      const oldest = pool.get("a:1");
      await clock.advanceAsync(1);
      pool.get("b:1");
      await clock.advanceAsync(1);
      pool.get(ADDRESS);
      expect([pool.size, oldest.state]).toEqual([2, "closed"]);
      const calls = [pool.get("b:1").call(safe, parcel(1)), pool.get(ADDRESS).call(safe, parcel(1))];
      expect(() => pool.get("c:1")).toThrow(expect.objectContaining({ code: "overloaded" }));
      const closing = pool.close();
      await Promise.allSettled(calls);
      await closing;
    });
  });
});
