import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundleScript } from "@tidewire/tooling/bundle-script";

/** Bundles a script of `test/children` for a process of its own. Returns its path. */
export function bundleChild(name: string): string {
  const target = join(mkdtempSync(join(tmpdir(), "tidewire-child-")), `${name}.mjs`);
  bundleScript(new URL(`../children/${name}.ts`, import.meta.url), target);
  return target;
}
