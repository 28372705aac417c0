#!/usr/bin/env node
// Bundles one app: src/main.ts becomes dist/main.js (ESM, Node 20), with the sources of all workspace packages inside
// and packages from the registry left external. An app with more to build has a build.mjs that exports `extra(esbuild)`.
// With a file named, src/main.ts goes there, and dist/ stays as it is.
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";

/** Everything that is neither relative nor ours stays outside the bundle; this also keeps native addons out. */
const externalPackages = {
  name: "external-packages",
  setup({ onResolve }) {
    onResolve({ filter: /^[^./]/ }, (args) =>
      args.path.startsWith("@tidewire/") || args.kind === "entry-point"
        ? undefined
        : { path: args.path, external: true },
    );
  },
};

const nodeBundle = {
  bundle: true,
  platform: "node",
  target: "node20",
  format: "esm",
  conditions: ["source"],
  sourcemap: "linked",
  logLevel: "warning",
  plugins: [externalPackages],
};

const elsewhere = process.argv[2];
if (elsewhere !== undefined) await build({ ...nodeBundle, entryPoints: ["src/main.ts"], outfile: elsewhere });
else await buildDist();

async function buildDist() {
  rmSync("dist", { recursive: true, force: true });
  if (existsSync("src/main.ts")) await build({ ...nodeBundle, entryPoints: ["src/main.ts"], outfile: "dist/main.js" });
  const extra = join(process.cwd(), "build.mjs");
  if (existsSync(extra)) await (await import(pathToFileURL(extra).href)).extra({ build, nodeBundle });
}
