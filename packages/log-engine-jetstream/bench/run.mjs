// Runs a benchmark: `node bench/run.mjs [append-throughput|listing-cost]`.
import { runSource } from "@tidewire/tooling/run-source";

await runSource(new URL(`./${process.argv[2] ?? "append-throughput"}.ts`, import.meta.url));
