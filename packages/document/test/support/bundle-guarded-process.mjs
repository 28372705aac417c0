// Bundles the process of `standing-guard.test.ts`, and the script of its guard's thread, into the folder named.
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));

await build({
  bundle: true,
  platform: "node",
  target: "node20",
  format: "esm",
  conditions: ["source"],
  logLevel: "warning",
  entryPoints: {
    "guarded-process": path("guarded-process.ts"),
    "guard-watch": path("../../src/guard-watch.ts"),
  },
  outdir: process.argv[2],
  outExtension: { ".js": ".mjs" },
});
