import { describe, expect, test } from "@jest/globals";
import { ManualClock, noLogger, noMetrics, SeededRandom } from "@tidewire/foundation";
import { type LinkListener, LinkServiceTable, MemoryLinkNetwork, PeerLink } from "@tidewire/link";
import {
  GuardedLogEngine,
  type LogShard,
  LogShardLinks,
  MemoryLogEngine,
  type ServedLog,
  serveLogEngine,
  shardOf,
} from "../src/index.ts";

class Fleet {
  readonly clock = new ManualClock();
  readonly #network = new MemoryLinkNetwork({ clock: this.clock });
  readonly #random = new SeededRandom(7);

  /** A log storage at `log:7300` and so on. */
  serve(place: number, shard: LogShard): Promise<LinkListener> {
    const seal = { isSealed: false, movedTo: "" };
    const engine = new GuardedLogEngine(new MemoryLogEngine(), shard, seal);
    const served: ServedLog = { kind: "memory", shard, ...seal, seal: () => Promise.resolve() };
    const services = new LinkServiceTable();
    serveLogEngine(engine, services, served);
    return this.#network.node(`log-${place}`, "log-storage").listen(`log:${7300 + place}`, services);
  }

  links(count: number): LogShardLinks {
    const modules = { clock: this.clock, random: this.#random, logger: noLogger, metrics: noMetrics };
    const transport = this.#network.node("host-a", "document-host");
    const links = Array.from(
      { length: count },
      (_, place) => new PeerLink(`log:${7300 + place}`, { ...modules, transport }),
    );
    return new LogShardLinks(links, modules);
  }

  async settled<Value>(promise: Promise<Value>): Promise<Value> {
    promise.catch(() => {});
    await this.clock.advanceAsync(15_000);
    return promise;
  }
}

describe("the links to the shards of a log", () => {
  test("lead every document to its shard, and are usable when all are there", async () => {
    const fleet = new Fleet();
    for (let index = 0; index < 3; index++) await fleet.serve(index, { index, count: 3 });
    const links = fleet.links(3);
    expect(links.problem).toMatch(/shard 0 .*cannot be reached; .*shard 1 .*; .*shard 2 /);
    let usable = 0;
    links.onUsable(() => usable++);
    links.connect();
    await fleet.clock.advanceAsync(100);
    expect([links.problem, usable]).toEqual([undefined, 1]);
    for (let key = 0; key < 20; key++) {
      const opened = await fleet.settled(links.engine.open({ space: "board-game", key: `g${key}` }, "host-a"));
      expect(opened.epoch).toBe(1);
    }
  });

  test("say which shard is away, and wait for it only so long", async () => {
    const fleet = new Fleet();
    await fleet.serve(0, { index: 0, count: 2 });
    const links = fleet.links(2);
    let usable = 0;
    links.onUsable(() => usable++);
    links.connect();
    await fleet.clock.advanceAsync(1_000);
    expect([links.problem, usable]).toEqual(["log storage of shard 1 (log:7301) cannot be reached", 0]);
    await fleet.clock.advanceAsync(10_000);
    expect(usable).toBe(1);
    await fleet.serve(1, { index: 1, count: 2 });
    await fleet.clock.advanceAsync(60_000);
    expect([links.problem, usable]).toEqual([undefined, 1]);
  });

  test("say so when the addresses are in the wrong order or number, and nothing is written then", async () => {
    const fleet = new Fleet();
    await fleet.serve(0, { index: 1, count: 2 });
    await fleet.serve(1, { index: 0, count: 2 });
    const links = fleet.links(2);
    links.connect();
    await fleet.clock.advanceAsync(100);
    expect(links.problem).toMatch(/shard 0 \(log:7300\) is shard 1 of 2: log\.addresses must name every shard/);
    const game = { space: "board-game", key: "g1" };
    const refusal = { code: "unavailable", details: { reason: "wrong_shard", count: 2 } };
    await expect(fleet.settled(links.engine.open(game, "host-a"))).rejects.toMatchObject(refusal);

    // The right place by chance is refused as well: the other documents would not be.
    const single = fleet.links(1);
    single.connect();
    await fleet.clock.advanceAsync(100);
    const key = Array.from({ length: 50 }, (_, index) => `g${index}`).find(
      (each) => shardOf({ space: "board-game", key: each }, 2) === 1,
    )!;
    await expect(fleet.settled(single.engine.open({ space: "board-game", key }, "host-a"))).rejects.toMatchObject(
      refusal,
    );
    expect(single.problem).toMatch(/log storage is shard 1 of 2/);
  });
});
