import { execFileSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Bundles a script of `test/children` for a process of its own: Node 20 runs no TypeScript. Returns its path. */
export function bundleChild(name: string): string {
  // esbuild is a dependency of the tooling package.
  const tooling = createRequire(createRequire(import.meta.url).resolve("@tidewire/tooling/jest"));
  const source = fileURLToPath(new URL(`../children/${name}.ts`, import.meta.url));
  const target = join(mkdtempSync(join(tmpdir(), "tidewire-child-")), `${name}.mjs`);
  const options = {
    entryPoints: [source],
    outfile: target,
    bundle: true,
    platform: "node",
    target: "node20",
    format: "esm",
    conditions: ["source"],
  };
  // In a process of its own: esbuild does not work inside Jest's sandbox.
  const program = `require(${JSON.stringify(tooling.resolve("esbuild"))}).buildSync(${JSON.stringify(options)})`;
  execFileSync(process.execPath, ["-e", program], { stdio: ["ignore", "ignore", "inherit"] });
  return target;
}
