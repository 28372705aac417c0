import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Bundles a script of `test/children` into a folder, for a process of its own: Node 20 runs no TypeScript. */
export function bundleChild(name: string, folder: string): string {
  const tooling = createRequire(createRequire(import.meta.url).resolve("@tidewire/tooling/jest"));
  const outfile = join(folder, `${name}.mjs`);
  const options = {
    entryPoints: [fileURLToPath(new URL(`../children/${name}.ts`, import.meta.url))],
    outfile,
    bundle: true,
    platform: "node",
    target: "node20",
    format: "esm",
    conditions: ["source"],
  };
  // In a process of its own: esbuild does not work inside Jest's sandbox.
  const program = `require(${JSON.stringify(tooling.resolve("esbuild"))}).buildSync(${JSON.stringify(options)})`;
  execFileSync(process.execPath, ["-e", program], { stdio: ["ignore", "ignore", "inherit"] });
  return outfile;
}
