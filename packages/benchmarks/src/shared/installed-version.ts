import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { keptFile } from "./built-file.ts";

const workspaceRoot = dirname(dirname(keptFile()));

/** The version of a package of the registry as installed, for the settings of a report. */
export function installedVersion(name: string): string {
  const file = join(workspaceRoot, "node_modules", name, "package.json");
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}
