import { join } from "node:path";
import { repositoryRoot } from "@tidewire/harness";

/** A file of this package's build: the processes that benchmarks start are bundles, also when a test starts them. */
export function builtFile(name: string): string {
  return join(repositoryRoot, "packages", "benchmarks", "dist", name);
}
