// Bundles the benchmark and runs it: `node bench/run.mjs`. Node 20 runs no TypeScript.
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

// esbuild is a dependency of the tooling package.
const tooling = createRequire(createRequire(import.meta.url).resolve("@tidewire/tooling/jest"));
const { buildSync } = tooling("esbuild");
const folder = mkdtempSync(join(tmpdir(), "tidewire-bench-"));
const outfile = join(folder, "append-latency.mjs");
buildSync({
  entryPoints: [fileURLToPath(new URL("./append-latency.ts", import.meta.url))],
  outfile,
  bundle: true,
  platform: "node",
  target: "node20",
  format: "esm",
  conditions: ["source"],
  // The SDK that makes the bucket is CommonJS, and requires modules of Node.
  banner: {
    js: 'import { createRequire as makeRequire } from "node:module"; const require = makeRequire(import.meta.url);',
  },
});
process.env.BENCH_IO_WORKER ??= fileURLToPath(
  new URL("../../../apps/log-storage/dist/log-io-worker.js", import.meta.url),
);
await import(pathToFileURL(outfile).href);
rmSync(folder, { recursive: true });
