import { noLogger, noMetrics, SystemClock, SystemRandom } from "@tidewire/foundation";
import { openJetStreamLogEngine } from "../src/index.ts";
import { currentServer, NatsCluster, NatsProcess } from "../src/testing/index.ts";

const DOCUMENTS = Number(process.env["BENCH_DOCUMENTS"] ?? 100_000);
/** 1 or 3: as many servers are started. */
const REPLICAS = Number(process.env["BENCH_REPLICAS"] ?? 1);
const PAGE = 1_000;
const INSTALLS_AT_A_TIME = 128;

async function timed<Result>(what: string, work: () => Promise<Result>): Promise<Result> {
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  const result = await work();
  const { user, system } = process.cpuUsage(cpuBefore);
  const tookMs = Math.round(performance.now() - startedAt);
  globalThis.gc?.();
  const heldMiB = ((process.memoryUsage().heapUsed - before) / 2 ** 20).toFixed(1);
  console.log(`${what}: ${tookMs} ms, CPU ${Math.round((user + system) / 1_000)} ms, ${heldMiB} MiB more held`);
  return result;
}

/** What it costs to list documents, and what it holds afterwards; client and server share this machine. */
async function measure(): Promise<void> {
  if (currentServer === undefined) throw new Error("no current NATS server: run `node infra/bootstrap.mjs servers`");
  const servers = await (REPLICAS === 1 ? NatsProcess : NatsCluster).start(currentServer);
  const urls = servers instanceof NatsCluster ? servers.urls : [servers.url];
  const modules = { clock: new SystemClock(), random: new SystemRandom(), logger: noLogger, metrics: noMetrics };
  const engine = await openJetStreamLogEngine(
    { access: { servers: urls }, namespace: "bench", replicas: REPLICAS },
    modules,
  );
  let next = 0;
  const install = async (): Promise<void> => {
    while (next < DOCUMENTS) {
      const key = `game-${String(next++).padStart(12, "0")}`;
      const patches = [{ seq: 1, data: Buffer.alloc(100) }];
      const part = { epoch: 1, afterSeq: 0, replaces: true, isDeleted: false, patches };
      await engine.install({ space: "board-game", key }, part);
    }
  };
  await Promise.all(Array.from({ length: INSTALLS_AT_A_TIME }, install));
  for (let round = 0; round < 2; round++) {
    const first = await timed("a first page", () => engine.list("board-game", { limit: PAGE }));
    const afterKey = first.at(-1)!.key;
    await timed("a further page", () => engine.list("board-game", { limit: PAGE, afterKey }));
    await timed("a first page of one", () => engine.list("board-game", { limit: 1 }));
    await timed("all documents, page by page", async () => {
      let found = 0;
      for (let after: string | undefined; ; ) {
        const page = await engine.list("board-game", {
          limit: PAGE,
          ...(after === undefined ? {} : { afterKey: after }),
        });
        found += page.length;
        if (page.length < PAGE) break;
        after = page.at(-1)!.key;
      }
      if (found !== DOCUMENTS) throw new Error(`${found} of ${DOCUMENTS} documents were listed`);
    });
  }
  await engine.close();
  await servers.remove();
}

await measure();
