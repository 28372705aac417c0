import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

/** Packages that are CommonJS, such as the clients of NATS and S3, require modules of Node from inside the bundle. */
const requireInside =
  'import { createRequire as makeRequire } from "node:module"; const require = makeRequire(import.meta.url);';

/** Bundles a TypeScript source of the workspace into one ESM file, for a process of its own: Node 20 runs no TypeScript. */
export function bundleScript(source, outfile) {
  const options = {
    entryPoints: [fileURLToPath(source)],
    outfile,
    bundle: true,
    platform: "node",
    target: "node20",
    format: "esm",
    conditions: ["source"],
    banner: { js: requireInside },
  };
  // In a process of its own: esbuild does not work inside Jest's sandbox.
  const esbuild = createRequire(import.meta.url).resolve("esbuild");
  const program = `require(${JSON.stringify(esbuild)}).buildSync(${JSON.stringify(options)})`;
  execFileSync(process.execPath, ["-e", program], { stdio: ["ignore", "ignore", "inherit"] });
}
