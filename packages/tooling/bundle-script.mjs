import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

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
  };
  // In a process of its own: esbuild does not work inside Jest's sandbox.
  const esbuild = createRequire(import.meta.url).resolve("esbuild");
  const program = `require(${JSON.stringify(esbuild)}).buildSync(${JSON.stringify(options)})`;
  execFileSync(process.execPath, ["-e", program], { stdio: ["ignore", "ignore", "inherit"] });
}
