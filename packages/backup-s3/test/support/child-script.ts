import { join } from "node:path";
import { bundleScript } from "@tidewire/tooling/bundle-script";

/** Bundles a script of `test/children` into a folder. Returns its path. */
export function bundleChild(name: string, folder: string): string {
  const outfile = join(folder, `${name}.mjs`);
  bundleScript(new URL(`../children/${name}.ts`, import.meta.url), outfile);
  return outfile;
}
