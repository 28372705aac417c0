import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { noLogger, noMetrics, SystemClock, SystemRandom } from "@tidewire/foundation";
import { PeerLink } from "@tidewire/link";
import { createBinaryLinkTransport } from "@tidewire/link-binary";
import { createGrpcLinkTransport } from "@tidewire/link-grpc";
import { LogShardLinks, shardOf } from "@tidewire/log-engine";
import { DEVELOPMENT_KEY } from "@tidewire/service";
import { CuttableProxy } from "./support/cuttable-proxy.ts";
import { StorageProcess } from "./support/storage-process.ts";

const TIMEOUT_MS = 60_000;
/** What "at once" means. On a busy machine it was 40 ms over an open link, and 7 ms after it was open again. */
const AT_ONCE_MS = 1_000;
const SHARDS = 2;

let folder: string;
const cleanUp: (() => Promise<unknown>)[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "tidewire-fencing-"));
});
afterEach(async () => {
  for (const step of cleanUp.splice(0).reverse()) await step();
  await rm(folder, { recursive: true });
});

/** What a document host has of the log, and when it was told what. */
class Host {
  readonly links: readonly PeerLink[];
  readonly log: LogShardLinks;
  readonly told = new Map<string, { readonly epoch: number; readonly at: number }>();
  #changed = (): void => {};

  constructor(nodeId: string, kind: "binary" | "grpc", addresses: readonly string[]) {
    const modules = { clock: new SystemClock(), random: new SystemRandom(), logger: noLogger, metrics: noMetrics };
    const identity = { nodeId, role: "document-host", sharedKey: DEVELOPMENT_KEY, heartbeatMs: 5_000 };
    const transport =
      kind === "grpc"
        ? createGrpcLinkTransport({ ...identity, shape: "multiplexed" }, modules)
        : createBinaryLinkTransport(identity, modules);
    this.links = addresses.map((address) => new PeerLink(address, { ...modules, transport }));
    this.log = new LogShardLinks(this.links, modules);
    this.log.connect();
    this.log.engine.watchFenced(nodeId, ({ key }, epoch) => {
      this.told.set(key, { epoch, at: performance.now() });
      this.#changed();
    });
    cleanUp.push(() => this.log.close());
  }

  async toldOf(key: string): Promise<{ readonly epoch: number; readonly at: number }> {
    for (;;) {
      const told = this.told.get(key);
      if (told !== undefined) return told;
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
    }
  }

  /** When the links were open again. */
  opened(): Promise<number> {
    const openings = this.links.map(
      (link) =>
        new Promise<number>((resolve) => {
          const look = (): void => {
            if (link.state === "open") resolve(performance.now());
          };
          link.onState(look);
          look();
        }),
    );
    return Promise.all(openings).then((times) => Math.max(...times));
  }
}

async function startShards(kind: string): Promise<string[]> {
  const shards = Array.from({ length: SHARDS }, (_, index) => {
    const settings = { "storage.shard.index": String(index), "storage.shard.count": String(SHARDS), "link.kind": kind };
    const storage = new StorageProcess(join(folder, String(index)), "127.0.0.1:0", settings);
    cleanUp.push(() => storage.kill("SIGKILL"));
    return storage.address();
  });
  return Promise.all(shards);
}

/** Documents of each shard. */
const documents = Array.from({ length: 12 }, (_, index) => ({ space: "board-game", key: `g${index}` }));

describe.each(["binary", "grpc"] as const)("over the %s link, a host that has lost a document", (kind) => {
  test(
    "is told at once, whichever shard keeps it, also of what it missed while its link was broken",
    async () => {
      expect(new Set(documents.map((document) => shardOf(document, SHARDS))).size).toBe(SHARDS);
      const addresses = await startShards(kind);
      const proxies = await Promise.all(addresses.map((address) => CuttableProxy.to(address)));
      for (const proxy of proxies) cleanUp.push(() => proxy.close());
      const frozen = new Host(
        "host-a",
        kind,
        proxies.map((proxy) => proxy.address),
      );
      const other = new Host("host-b", kind, addresses);
      const [kept, first, ...rest] = documents as [(typeof documents)[0], (typeof documents)[0], ...typeof documents];
      for (const document of documents) await frozen.log.engine.open(document, "host-a");

      const delays: number[] = [];
      for (const document of [first, ...rest.slice(0, 5)]) {
        const { epoch } = await other.log.engine.open(document, "host-b");
        const answeredAt = performance.now();
        const told = await frozen.toldOf(document.key);
        expect(told.epoch).toBe(epoch);
        delays.push(told.at - answeredAt);
      }
      expect(Math.max(...delays)).toBeLessThan(AT_ONCE_MS);

      for (const proxy of proxies) proxy.cut();
      const missed = rest.slice(5);
      for (const document of missed) await other.log.engine.open(document, "host-b");
      expect(missed.filter(({ key }) => frozen.told.has(key))).toEqual([]);
      for (const proxy of proxies) proxy.mend();
      const openAt = await frozen.opened();
      const late: number[] = [];
      for (const { key } of missed) late.push((await frozen.toldOf(key)).at - openAt);
      expect(Math.max(...late)).toBeLessThan(AT_ONCE_MS);
      expect(frozen.told.has(kept.key)).toBe(false);
      const measured = { kind, toldMs: Math.max(...delays), afterReconnectMs: Math.max(...late) };
      if (process.env["TIDEWIRE_TEST_REPORT"] === "1") process.stderr.write(`${JSON.stringify(measured)}\n`);
    },
    TIMEOUT_MS,
  );
});
