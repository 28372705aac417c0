import { readFileSync } from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "@tidewire/harness";

/** The version of a package of the registry as installed, for the settings of a report. */
export function installedVersion(name: string): string {
  const file = join(repositoryRoot, "node_modules", name, "package.json");
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}
