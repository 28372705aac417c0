import { fileURLToPath } from "node:url";
import { parseAllDocuments } from "yaml";
import { helm } from "./helm.ts";

/** The top of the repository. */
export const repositoryRoot = fileURLToPath(new URL("../../..", import.meta.url));
export const chartFolder = fileURLToPath(new URL("../../../k8s/tidewire", import.meta.url));

/**
 * The objects of the chart as the release `prod` in the namespace `games`. Throws what helm says when it refuses.
 * `Manifest` is what the caller looks at; nothing checks that the objects are so.
 */
export function renderChart<Manifest>(...args: string[]): Manifest[] {
  const result = helm("template", "prod", chartFolder, "--namespace", "games", ...args);
  if (result.status !== 0) throw new Error(result.stderr);
  const documents = parseAllDocuments(result.stdout).map((document) => {
    if (document.errors.length > 0) throw document.errors[0]!;
    return document.toJS() as Manifest | null;
  });
  return documents.filter((document) => document !== null);
}
