// Runs the benchmark: `node bench/run.mjs`.
import { fileURLToPath } from "node:url";
import { runSource } from "@tidewire/tooling/run-source";

process.env.BENCH_IO_WORKER ??= fileURLToPath(
  new URL("../../../apps/log-storage/dist/log-io-worker.js", import.meta.url),
);
await runSource(new URL("./append-latency.ts", import.meta.url));
