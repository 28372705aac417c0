import { afterEach, describe, expect, test } from "@jest/globals";
import { ManualClock, noLogger, noMetrics, SeededRandom } from "@tidewire/foundation";
import { type LinkListener, LinkServiceTable, MemoryLinkNetwork, PeerLink } from "@tidewire/link";
import { RoutingService, type RoutingTable } from "@tidewire/protocol-routing";
import { RoutingClient, type RoutingClientOptions } from "../src/routing-client.ts";
import type { RoutingSource } from "../src/routing-source.ts";
import { type RoutingServer, serveRouting } from "../src/serve-routing.ts";
import { host, tableOf } from "./support/tables.ts";

/** A routing-table node whose table the test sets. */
class TableNode implements RoutingSource {
  table: RoutingTable | undefined;
  readonly #listeners = new Set<(table: RoutingTable) => void>();

  onTable(listener: (table: RoutingTable) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  show(version: number, ids: readonly string[], overrides: Partial<RoutingTable> = {}): RoutingTable {
    const table = tableOf(
      ids.map((id) => host(id)),
      { version, ...overrides },
    );
    this.table = table;
    for (const listener of this.#listeners) listener(table);
    return table;
  }
}

class Fleet {
  readonly clock = new ManualClock();
  readonly network = new MemoryLinkNetwork({ clock: this.clock });
  readonly modules = { clock: this.clock, random: new SeededRandom(1), logger: noLogger, metrics: noMetrics };
  readonly nodes = new Map<string, { source: TableNode; server: RoutingServer; listener: LinkListener }>();
  readonly clients: RoutingClient[] = [];

  async node(address: string, watchersMax = 100): Promise<TableNode> {
    const source = new TableNode();
    const services = new LinkServiceTable();
    const server = serveRouting(source, services, this.modules, { watchersMax });
    const listener = await this.network.node(address, "routing-table").listen(address, services);
    this.nodes.set(address, { source, server, listener });
    return source;
  }

  async kill(address: string): Promise<void> {
    const { server, listener } = this.nodes.get(address)!;
    this.nodes.delete(address);
    server.close();
    const closed = listener.close();
    await this.run(100);
    await closed;
  }

  follow(
    addresses: readonly string[],
    options: Partial<RoutingClientOptions> = {},
  ): { client: RoutingClient; shown: string[] } {
    const transport = this.network.node("edge", "edge-proxy");
    const linkTo = (address: string): PeerLink => new PeerLink(address, { ...this.modules, transport });
    const client = new RoutingClient({ ...this.modules, linkTo }, { subscriber: "edge", addresses, ...options });
    const shown: string[] = [];
    client.onTable(({ version, isFrozen, hosts }) =>
      shown.push(`${version}${isFrozen ? "*" : ""}:${hosts.map(({ id }) => id).join("")}`),
    );
    this.clients.push(client);
    client.start();
    return { client, shown };
  }

  run(forMs: number): Promise<void> {
    return this.clock.advanceAsync(forMs);
  }
}

let fleet = new Fleet();

afterEach(() => {
  for (const client of fleet.clients) client.stop();
  fleet = new Fleet();
});

describe("a client of the routing tier", () => {
  test("gets the present table at once and each newer one as it comes", async () => {
    const one = await fleet.node("rt-1");
    const { client, shown } = fleet.follow(["rt-1"]);
    await fleet.run(10);
    expect(client.table).toBeUndefined();
    one.show(3, ["a", "b"]);
    await fleet.run(10);
    one.show(4, ["a", "b", "c"]);
    await fleet.run(10);
    expect(shown).toEqual(["3:ab", "4:abc"]);
    const late = fleet.follow(["rt-1"]);
    await fleet.run(10);
    expect(late.shown).toEqual(["4:abc"]);
  });

  test("keeps the last table while the whole tier is away, and goes on when it is back", async () => {
    const one = await fleet.node("rt-1");
    const { client, shown } = fleet.follow(["rt-1"]);
    one.show(3, ["a", "b"]);
    await fleet.run(10);
    await fleet.kill("rt-1");
    await fleet.run(120_000);
    expect(client.table?.version).toBe(3);
    const again = await fleet.node("rt-1");
    again.show(5, ["a", "c"]);
    await fleet.run(60_000);
    expect(shown).toEqual(["3:ab", "5:ac"]);
  });

  test("is never moved back, by a node that lags or starts over", async () => {
    const [one, two] = [await fleet.node("rt-1"), await fleet.node("rt-2")];
    const { client, shown } = fleet.follow(["rt-1", "rt-2"]);
    one.show(7, ["a", "b"]);
    two.show(6, ["a"]);
    await fleet.run(10);
    expect(shown.at(-1)).toBe("7:ab");
    await fleet.kill("rt-1");
    const restarted = await fleet.node("rt-1");
    restarted.show(1, []);
    await fleet.run(60_000);
    two.show(6, ["x"]);
    await fleet.run(100);
    expect(client.table?.version).toBe(7);
    two.show(8, ["a", "b", "c"]);
    await fleet.run(100);
    expect(client.table?.version).toBe(8);
  });

  test("takes a higher epoch whatever its version, and none lower", async () => {
    const one = await fleet.node("rt-1");
    const { shown } = fleet.follow(["rt-1"]);
    one.show(900, ["a", "b"], { epoch: 1 });
    await fleet.run(10);
    one.show(2, ["a", "b", "c"], { epoch: 2 });
    await fleet.run(10);
    one.show(901, ["a", "b"], { epoch: 1 });
    await fleet.run(10);
    expect(shown).toEqual(["900:ab", "2:abc"]);
  });

  test("takes two tables of one version from the node it follows, but does not swing between two nodes", async () => {
    const [one, two] = [await fleet.node("rt-1"), await fleet.node("rt-2")];
    const { client, shown } = fleet.follow(["rt-1", "rt-2"]);
    one.show(5, ["a", "b"]);
    await fleet.run(10);
    two.show(5, ["a", "b", "x"]);
    await fleet.run(10);
    expect(shown).toEqual(["5:ab"]);
    one.show(5, ["a", "b", "c"]);
    await fleet.run(10);
    expect(shown).toEqual(["5:ab", "5:abc"]);
    // Whoever is left has the say.
    await fleet.kill("rt-1");
    expect(client.table?.hosts.map(({ id }) => id)).toEqual(["a", "b", "x"]);
  });

  test("prefers a node that is not frozen", async () => {
    const [one, two] = [await fleet.node("rt-1"), await fleet.node("rt-2")];
    const { shown } = fleet.follow(["rt-1", "rt-2"]);
    one.show(5, ["a", "b"], { isFrozen: true });
    await fleet.run(10);
    two.show(5, ["a", "b"]);
    await fleet.run(10);
    one.show(5, ["a", "b"], { isFrozen: true, digest: one.table!.digest });
    await fleet.run(10);
    expect(shown).toEqual(["5*:ab", "5:ab"]);
  });

  test("wants a second voice before most hosts go at one step, but not for ever", async () => {
    const [one, two] = [await fleet.node("rt-1"), await fleet.node("rt-2")];
    const { client, shown } = fleet.follow(["rt-1", "rt-2"], { confirmMs: 2_000 });
    for (const node of [one, two]) node.show(5, ["a", "b", "c"]);
    await fleet.run(10);
    one.show(9, ["a"]);
    await fleet.run(500);
    expect(client.table?.version).toBe(5);
    two.show(9, ["a"]);
    await fleet.run(10);
    expect(client.table?.version).toBe(9);

    for (const node of [one, two]) node.show(10, ["a", "b", "c"]);
    await fleet.run(10);
    one.show(11, []);
    await fleet.run(1_990);
    expect(client.table?.version).toBe(10);
    await fleet.run(20);
    expect(shown.at(-1)).toBe("11:");
  });

  test("does not wait for a second voice that cannot come, nor for the loss of one host", async () => {
    const one = await fleet.node("rt-1");
    const { shown } = fleet.follow(["rt-1", "nobody"]);
    one.show(5, ["a", "b", "c"]);
    await fleet.run(10);
    one.show(6, []);
    await fleet.run(10);
    expect(shown).toEqual(["5:abc", "6:"]);
    const two = await fleet.node("rt-2");
    const other = fleet.follow(["rt-1", "rt-2"]);
    two.show(7, ["a", "b"]);
    one.show(7, ["a", "b"]);
    await fleet.run(10);
    one.show(8, ["a"]);
    await fleet.run(10);
    expect(other.shown.at(-1)).toBe("8:a");
  });

  test("takes at once what drops a half, or one host of one", async () => {
    const [one, two] = [await fleet.node("rt-1"), await fleet.node("rt-2")];
    const { shown } = fleet.follow(["rt-1", "rt-2"]);
    for (const node of [one, two]) node.show(5, ["a", "b", "c", "d"]);
    await fleet.run(10);
    one.show(6, ["a", "b"]);
    await fleet.run(10);
    one.show(7, ["a"]);
    await fleet.run(10);
    one.show(8, []);
    await fleet.run(10);
    expect(shown).toEqual(["5:abcd", "6:ab", "7:a", "8:"]);
  });

  test("asks again soon, however often a stream that brought a table has ended", async () => {
    const one = await fleet.node("rt-1");
    fleet.follow(["rt-1"]);
    one.show(5, ["a"]);
    const { server } = fleet.nodes.get("rt-1")!;
    for (let round = 0; round < 8; round++) {
      await fleet.run(1_000);
      expect(server.watcherCount).toBe(1);
      server.close();
      expect(server.watcherCount).toBe(0);
    }
  });

  test("withdraws its doubt when the node thinks again", async () => {
    const [one, two] = [await fleet.node("rt-1"), await fleet.node("rt-2")];
    const { shown } = fleet.follow(["rt-1", "rt-2"]);
    for (const node of [one, two]) node.show(5, ["a", "b", "c"]);
    await fleet.run(10);
    one.show(6, []);
    await fleet.run(10);
    one.show(7, ["a", "b", "c"]);
    await fleet.run(10_000);
    expect(shown).toEqual(["5:abc", "7:abc"]);
  });
});

describe("waiting for a version", () => {
  test("ends with the first table that is new enough, or at the timeout", async () => {
    const one = await fleet.node("rt-1");
    const { client } = fleet.follow(["rt-1"]);
    one.show(5, ["a"]);
    await fleet.run(10);
    expect((await client.waitForVersion(5, 0)).version).toBe(5);
    const soon = client.waitForVersion(7, 1_000);
    const never = expect(client.waitForVersion(9, 1_000)).rejects.toMatchObject({ code: "unavailable" });
    one.show(6, ["a"]);
    await fleet.run(10);
    one.show(8, ["a", "b"]);
    await fleet.run(10);
    expect((await soon).version).toBe(8);
    await fleet.run(1_000);
    await never;
  });

  test("is bounded, and ends when the client stops", async () => {
    const { client } = fleet.follow(["rt-1"], { waitersMax: 2 });
    const waiting = [client.waitForVersion(1, 60_000), client.waitForVersion(1, 60_000)];
    const outcomes = Promise.allSettled(waiting);
    await expect(client.waitForVersion(1, 60_000)).rejects.toMatchObject({ code: "overloaded" });
    client.stop();
    for (const outcome of await outcomes)
      expect(outcome).toMatchObject({ status: "rejected", reason: { code: "unavailable" } });
    await expect(client.waitForVersion(1, 60_000)).rejects.toMatchObject({ code: "unavailable" });
  });
});

describe("the serving side", () => {
  test("skips what a watcher without credit missed, and sends the newest when it grants some", async () => {
    const one = await fleet.node("rt-1");
    one.show(1, ["a"]);
    const connection = await dial("rt-1");
    const versions: number[] = [];
    const stream = connection.open(
      RoutingService.methods.watch,
      { subscriber: "slow" },
      { message: ({ version }) => versions.push(version), end: () => {} },
      { credit: 2 },
    );
    await fleet.run(10);
    for (const version of [2, 3, 4, 5]) {
      one.show(version, ["a"]);
      await fleet.run(10);
    }
    expect(versions).toEqual([1, 2]);
    stream.grant(1);
    await fleet.run(10);
    expect(versions).toEqual([1, 2, 5]);
    stream.grant(1);
    await fleet.run(10);
    expect(versions).toEqual([1, 2, 5]);
    stream.cancel();
    await fleet.run(10);
    expect(fleet.nodes.get("rt-1")!.server.watcherCount).toBe(0);
  });

  test("refuses one watcher too many, and says goodbye to all when it closes", async () => {
    await fleet.node("rt-1", 2);
    const connection = await dial("rt-1");
    const ends: (string | undefined)[] = [];
    for (let index = 0; index < 3; index++) {
      const handlers = { message: () => {}, end: (error?: { code: string }) => void ends.push(error?.code) };
      connection.open(RoutingService.methods.watch, { subscriber: `w${index}` }, handlers);
    }
    await fleet.run(10);
    expect(ends).toEqual(["overloaded"]);
    fleet.nodes.get("rt-1")!.server.close();
    await fleet.run(10);
    expect(ends).toEqual(["overloaded", undefined, undefined]);
  });

  async function dial(address: string) {
    const dialling = fleet.network.node("edge", "edge-proxy").dial(address);
    await fleet.run(10);
    return dialling;
  }
});
