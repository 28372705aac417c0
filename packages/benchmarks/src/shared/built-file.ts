import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const require = createRequire(import.meta.url);
const packageFolder = dirname(require.resolve("@tidewire/benchmarks/package.json"));

/** A file of this package's build: the processes that benchmarks start are bundles, also when a test starts them. */
export function builtFile(name: string): string {
  return join(packageFolder, "dist", name);
}

/** The README of the repository, which has the tables in short. */
export function rootReadme(): string {
  return join(packageFolder, "..", "..", "README.md");
}

/** A file that is kept: results, and the README with its tables. */
export function keptFile(...path: string[]): string {
  return join(packageFolder, ...path);
}
