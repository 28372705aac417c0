import { afterEach, describe, expect, jest, test } from "@jest/globals";
import { type DocumentName, SeededRandom } from "@tidewire/foundation";
import type { JetStreamLogEngine } from "../src/index.ts";
import {
  currentServer,
  isMissing,
  type NatsBinary,
  NatsCluster,
  NatsProcess,
  oldServer,
} from "../src/testing/index.ts";
import { contest } from "./support/contest.ts";
import { openEngine } from "./support/engines.ts";
import { Siege } from "./support/siege.ts";

/** How often everything is repeated: 1 takes seconds. */
const RUNS = Number(process.env["TIDEWIRE_TEST_RUNS"] ?? "1");
const ROUNDS = 25;
jest.setTimeout(60_000 * RUNS);
const seed = Number(process.env["TIDEWIRE_TEST_SEED"] ?? Date.now() % 1e6);

const opened: { close(): Promise<void> }[] = [];
const running: { remove(): Promise<void> }[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map((engine) => engine.close()));
  await Promise.all(running.splice(0).map((server) => server.remove()));
});

async function engines(count: number, urls: readonly string[], replicas: number): Promise<JetStreamLogEngine[]> {
  const open = async (index: number): Promise<JetStreamLogEngine> => {
    // Each connected to another server first.
    const turned = [...urls.slice(index % urls.length), ...urls.slice(0, index % urls.length)];
    const engine = await openEngine(turned, { replicas, acceptsUnsafe: false, readTimeoutMs: 3_000 });
    opened.push(engine);
    return engine;
  };
  const first = await open(0);
  return [first, ...(await Promise.all(Array.from({ length: count - 1 }, (_, index) => open(index + 1))))];
}

oneServer("a current server", currentServer);
oneServer("the server of Debian 12 (2.9.10)", oldServer);

function oneServer(what: string, binary: NatsBinary | undefined): void {
  if (isMissing(binary, what)) {
    describe.skip(what, () => test("is not installed", () => {}));
    return;
  }
  describe(`with one of ${what}`, () => {
    test(`a dozen jittered writers: one wins (seed ${seed})`, async () => {
      const server = await NatsProcess.start(binary);
      running.push(server);
      await contest(await engines(12, [server.url], 1), ROUNDS * RUNS, new SeededRandom(seed));
    });

    test("stopped and killed under load, it loses nothing that was acknowledged, and stale writers stay out", async () => {
      const server = await NatsProcess.start(binary);
      running.push(server);
      const siege = new Siege(await engines(3, [server.url], 1), 6);
      const attack = async (): Promise<void> => {
        for (let run = 0; run < RUNS; run++) {
          for (const signal of ["SIGKILL", "SIGTERM", "SIGKILL"] as const) {
            await siege.more(100);
            await server.kill(signal);
            await server.start();
          }
        }
        await siege.more(100);
      };
      await siege.run(attack, async () => (await engines(1, [server.url], 1))[0] as JetStreamLogEngine);
    });
  });
}

const what = "a current server";
if (isMissing(currentServer, what)) describe.skip("a cluster", () => test("is not installed", () => {}));
else clustered(currentServer);

function clustered(binary: NatsBinary): void {
  describe("with a cluster of three", () => {
    test(`a dozen jittered writers: one wins (seed ${seed})`, async () => {
      const cluster = await NatsCluster.start(binary);
      running.push(cluster);
      await contest(await engines(12, cluster.urls, 3), ROUNDS * RUNS, new SeededRandom(seed));
    });

    test("heads asked for together are those of the leaders, whichever replica answers", async () => {
      const cluster = await NatsCluster.start(binary);
      running.push(cluster);
      const [writer, ...readers] = (await engines(4, cluster.urls, 3)) as [JetStreamLogEngine, ...JetStreamLogEngine[]];
      const documents = Array.from({ length: 16 }, (_, index) => ({ space: "chat", key: `k${index}` }));
      const epochs = await Promise.all(documents.map(async (name) => (await writer.open(name, "host-a")).epoch));
      const nats = await observer(cluster);
      const one = nats.requests("$JS.API.STREAM.MSG.GET.>");
      const together = nats.requests("$JS.API.DIRECT.GET.*");
      for (let seq = 1; seq <= 20 * RUNS; seq++) {
        const data = Buffer.from(`patch ${seq}`);
        const append = async (document: DocumentName, index: number): Promise<void> =>
          writer.append(document, { epoch: epochs[index] as number, expectedSeq: seq - 1, seq, data });
        await Promise.all(documents.map(append));
        for (const reader of readers) {
          const heads = await reader.heads(documents);
          expect(heads.map((head) => head.seq)).toEqual(documents.map(() => seq));
        }
      }
      expect(together()).toBeGreaterThan(20 * RUNS * readers.length);
      // Of a replica that lags for longer, the leader has to say it after all.
      expect(one()).toBeLessThan((20 * RUNS * readers.length * documents.length) / 4);
    });

    test("leaders moved and killed under load: nothing acknowledged is lost, and stale writers stay out", async () => {
      const cluster = await NatsCluster.start(binary);
      running.push(cluster);
      const siege = new Siege(await engines(3, cluster.urls, 3), 6);
      const nats = await observer(cluster);
      const attack = async (): Promise<void> => {
        for (let run = 0; run < RUNS; run++) {
          await siege.more(60);
          await nats.stepDown("tidewire_DOC_00");
          await siege.more(60);
          const leader = cluster.named(await nats.leader("tidewire_DOC_01"));
          await leader.kill("SIGKILL");
          await siege.more(60);
          await leader.start();
          await cluster.whole();
        }
        await siege.more(60);
      };
      await siege.run(attack, async () => (await engines(1, cluster.urls, 3))[0] as JetStreamLogEngine);
    });
  });
}

/** Asks about leaders and moves them, over a connection of its own. */
async function observer(cluster: NatsCluster): Promise<{
  leader(stream: string): Promise<string>;
  stepDown(stream: string): Promise<void>;
  /** How many of a kind are made from now on. */
  requests(subject: string): () => number;
}> {
  const { connect } = await import("@nats-io/transport-node");
  const { jetstreamManager } = await import("@nats-io/jetstream");
  const nc = await connect({ servers: cluster.urls, maxReconnectAttempts: -1, reconnectTimeWait: 50 });
  opened.push(nc);
  const jsm = await jetstreamManager(nc);
  const leader = async (stream: string): Promise<string> => {
    for (;;) {
      const info = await jsm.streams.info(stream).catch(() => undefined);
      if (info?.cluster?.leader) return info.cluster.leader;
    }
  };
  return {
    leader,
    stepDown: async (stream) => {
      const before = await leader(stream);
      await nc.request(`$JS.API.STREAM.LEADER.STEPDOWN.${stream}`);
      while ((await leader(stream)) === before);
    },
    requests: (subject) => {
      const heard = nc.subscribe(subject, { callback: () => {} });
      return () => heard.getReceived();
    },
  };
}
