import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { bundleScript } from "./bundle-script.mjs";

/** Bundles a TypeScript source of the workspace and runs it in this process: Node 20 runs no TypeScript. */
export async function runSource(source) {
  const folder = mkdtempSync(join(tmpdir(), "tidewire-run-"));
  try {
    const outfile = join(folder, "source.mjs");
    bundleScript(source, outfile);
    await import(pathToFileURL(outfile).href);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
