// Bundles the edge as it stands into the file named, so that its tests run the sources and not whatever dist/ holds.
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

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

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));

await build({
  bundle: true,
  platform: "node",
  target: "node20",
  format: "esm",
  conditions: ["source"],
  sourcemap: "linked",
  logLevel: "warning",
  plugins: [externalPackages],
  entryPoints: [path("../../src/main.ts")],
  outfile: process.argv[2],
});
