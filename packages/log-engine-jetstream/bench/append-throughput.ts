import { noLogger, noMetrics, SystemClock, SystemRandom } from "@tidewire/foundation";
import { openJetStreamLogEngine } from "../src/index.ts";
import { currentServer, NatsCluster, NatsProcess } from "../src/testing/index.ts";

const WRITERS = 64;
const PAYLOAD_BYTES = 400;
const WARM_UP_MS = 1_000;
const MEASURE_MS = Number(process.env["BENCH_MS"] ?? 4_000);

/** 64 documents, each with a writer that waits for every answer; client and servers share this machine. */
async function measure(what: string, urls: readonly string[], replicas: number): Promise<void> {
  const modules = { clock: new SystemClock(), random: new SystemRandom(), logger: noLogger, metrics: noMetrics };
  const settings = { access: { servers: urls }, replicas, namespace: "bench" };
  const engine = await openJetStreamLogEngine(settings, modules);
  const latencies: number[] = [];
  const startAt = performance.now() + WARM_UP_MS;
  const endAt = startAt + MEASURE_MS;
  await Promise.all(
    Array.from({ length: WRITERS }, async (_, index) => {
      const document = { space: "bench", key: `d${index}` };
      const data = crypto.getRandomValues(new Uint8Array(PAYLOAD_BYTES));
      const { epoch, seq } = await engine.open(document, "bench");
      for (let head = seq; performance.now() < endAt; head++) {
        const sentAt = performance.now();
        await engine.append(document, { epoch, expectedSeq: head, seq: head + 1, data });
        if (sentAt >= startAt) latencies.push(performance.now() - sentAt);
      }
    }),
  );
  await engine.close();
  latencies.sort((a, b) => a - b);
  const at = (share: number): string => (latencies[Math.floor(latencies.length * share)] ?? 0).toFixed(1);
  const perSecond = Math.round(latencies.length / (MEASURE_MS / 1_000));
  console.log(`${what}: ${perSecond} appends/s, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`);
}

if (currentServer === undefined) throw new Error("no current NATS server: run `node infra/bootstrap.mjs servers`");
for (const syncAlways of [false, true]) {
  const suffix = syncAlways ? "synced before the answer" : "synced later";
  const server = await NatsProcess.start(currentServer, { syncAlways });
  await measure(`one server, ${suffix}`, [server.url], 1);
  await server.remove();
  const cluster = await NatsCluster.start(currentServer, { syncAlways });
  await measure(`three servers, ${suffix}`, cluster.urls, 3);
  await cluster.remove();
}
