import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { documentName, noLogger, noMetrics, SystemClock, SystemRandom } from "@tidewire/foundation";
import { PeerLink } from "@tidewire/link";
import { createBinaryLinkTransport } from "@tidewire/link-binary";
import { gossipConfigSchema, joinGossip, type MembershipHandle } from "@tidewire/membership-udp";
import { type RoutingTable, RoutingTableCodec } from "@tidewire/protocol-routing";
import { ownerOf, RoutingClient } from "@tidewire/routing";
import { DEVELOPMENT_KEY } from "@tidewire/service";
import { Writer } from "@tidewire/wire";

const modules = { clock: new SystemClock(), random: new SystemRandom(), logger: noLogger, metrics: noMetrics };
const transport = createBinaryLinkTransport(
  { nodeId: "watcher", role: "edge-proxy", sharedKey: DEVELOPMENT_KEY },
  modules,
);
const folder = join(import.meta.dirname, "..");

interface Node {
  readonly id: string;
  readonly gossip: string;
  readonly link: string;
  process: ChildProcess;
}

let nodes: Node[] = [];
const hosts: MembershipHandle[] = [];
const links: PeerLink[] = [];
const clients: RoutingClient[] = [];

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}

function launch(id: string, gossip: string, link: string, seeds: readonly string[]): ChildProcess {
  const settings = [
    `--node.id=${id}`,
    `--gossip.bind=${gossip}`,
    `--gossip.seeds=${seeds.join(",")}`,
    "--gossip.profile=fast",
    `--link.listen=${link}`,
    "--logging.level=warn",
  ];
  return spawn(process.execPath, [join(folder, "dist", "main.js"), ...settings], { stdio: "inherit" });
}

async function host(id: string): Promise<MembershipHandle> {
  const seeds = nodes.map((node) => node.gossip);
  const config = gossipConfigSchema.parse({ seeds, profile: "fast", joinHold: 0 });
  const facts = {
    nodeId: id,
    role: "document-host",
    zone: "",
    linkAddress: `127.0.0.1:${id.length}`,
    sharedKey: DEVELOPMENT_KEY,
  };
  const handle = await joinGossip(config, facts, modules);
  hosts.push(handle);
  handle.setLifecycle("active");
  return handle;
}

function follow(addresses: readonly string[]): RoutingClient {
  const linkTo = (address: string): PeerLink => {
    // A restarted node should be met soon, not after the fleet's backoff.
    const backoff = { initialMs: 100, factor: 1, capMs: 100, spread: 0 };
    const link = new PeerLink(address, { transport, ...modules }, { backoff });
    links.push(link);
    return link;
  };
  const client = new RoutingClient({ ...modules, linkTo }, { subscriber: "watcher", addresses });
  clients.push(client);
  client.start();
  return client;
}

function tableWith(client: RoutingClient, holds: (table: RoutingTable) => boolean): Promise<RoutingTable> {
  if (client.table !== undefined && holds(client.table)) return Promise.resolve(client.table);
  return new Promise((resolve) => {
    const stop = client.onTable((table) => {
      if (!holds(table)) return;
      stop();
      resolve(table);
    });
  });
}

const activeIds = (table: RoutingTable): string[] =>
  table.hosts.filter(({ state }) => state === "active").map(({ id }) => id);

const hasActive =
  (...ids: string[]) =>
  (table: RoutingTable): boolean =>
    activeIds(table).join() === ids.join() && table.hosts.length === ids.length;

function bytesOf(table: RoutingTable): string {
  const writer = new Writer();
  RoutingTableCodec.encode(writer, table);
  return Buffer.from(writer.written()).toString("hex");
}

/** The tables of both nodes once they agree; they may for a moment stand at different versions. */
async function agreed(
  one: RoutingClient,
  other: RoutingClient,
  holds: (table: RoutingTable) => boolean,
): Promise<RoutingTable> {
  for (;;) {
    const version = Math.max(one.table?.version ?? 0, other.table?.version ?? 0);
    const isThere = (table: RoutingTable): boolean => holds(table) && table.version >= version;
    const [first, second] = [await tableWith(one, isThere), await tableWith(other, isThere)];
    if (first.version === second.version && one.table === first && other.table === second) {
      expect(bytesOf(first)).toBe(bytesOf(second));
      return first;
    }
  }
}

beforeAll(async () => {
  execFileSync("npx", ["tidewire-build"], { cwd: folder, stdio: "inherit" });
  const ports = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
  const seeds = [`127.0.0.1:${ports[0]}`, `127.0.0.1:${ports[1]}`];
  nodes = seeds.map((gossip, index) => {
    const id = `routing-table-${index + 1}`;
    const link = `127.0.0.1:${ports[2 + index]}`;
    return { id, gossip, link, process: launch(id, gossip, link, seeds) };
  });
}, 30_000);

afterAll(async () => {
  for (const client of clients) client.stop();
  await Promise.all([...links.map((link) => link.close()), ...hosts.map((handle) => handle.stop())]);
  for (const { process } of nodes) process.kill("SIGKILL");
});

describe("two routing-table processes and three hosts", () => {
  test("agree byte for byte through a death, a leave and a restart of their own", async () => {
    const [first, second] = nodes.map((node) => follow([node.link])) as [RoutingClient, RoutingClient];
    const both = follow(nodes.map((node) => node.link));
    const seen: number[] = [];
    both.onTable((table) => seen.push(table.version));

    const [, b] = [await host("a"), await host("b"), await host("c")];
    const full = await agreed(first, second, hasActive("a", "b", "c"));
    const names = Array.from({ length: 300 }, (_, index) => documentName("board-game", `g${index}`));
    const before = names.map((name) => ownerOf(full, name)!.id);
    expect(new Set(before)).toEqual(new Set(["a", "b", "c"]));

    // As kill -9: the sockets close without a word.
    await b.stop();
    const without = await agreed(first, second, hasActive("a", "c"));
    expect(without.version).toBeGreaterThan(full.version);
    const after = names.map((name) => ownerOf(without, name)!.id);
    after.forEach((owner, index) => {
      if (before[index] !== "b") expect(owner).toBe(before[index]);
    });

    const dying = nodes[1]!;
    dying.process.kill("SIGKILL");
    await once(dying.process, "exit");
    await host("d");
    const withNew = await tableWith(both, hasActive("a", "c", "d"));
    expect(withNew.version).toBeGreaterThan(without.version);

    dying.process = launch(
      dying.id,
      dying.gossip,
      dying.link,
      nodes.map((node) => node.gossip),
    );
    await agreed(first, second, hasActive("a", "c", "d"));
    await both.waitForVersion(withNew.version, 1_000);
    expect(seen).toEqual([...seen].sort((x, y) => x - y));

    nodes[0]!.process.kill("SIGTERM");
    const [code] = (await once(nodes[0]!.process, "exit")) as [number | null];
    expect(code).toBe(0);
    await tableWith(second, hasActive("a", "c", "d"));
  }, 60_000);
});
