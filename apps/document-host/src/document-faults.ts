import { findSourceMap } from "node:module";
import { fileURLToPath } from "node:url";

/**
 * Whether an error that nobody caught comes from document code: a handler that did not wait for a promise of its own, or a
 * timer of Node that it set. What it did has nothing to do with its transaction, which is over, nor with any other document,
 * so the host goes on. `modules`: addresses of the files with document code, as they were imported; `own`: path of the
 * host's own script.
 */
export function isOfDocuments(error: unknown, modules: Iterable<string>, own: string): boolean {
  // The host throws nothing but errors.
  if (!(error instanceof Error)) return true;
  const files = new Set<string>();
  for (const module of modules) for (const file of filesOf(module)) files.add(file);
  // Both may have copies of the same packages.
  for (const file of filesOf(own)) files.delete(file);
  const frames = (error.stack ?? "").split("\n").map(fileOfFrame);
  return frames.some((file) => file !== undefined && files.has(file));
}

/** A frame names the file that ran, or with a source map the file that it was made from. */
function filesOf(module: string): string[] {
  const sources = findSourceMap(module)?.payload.sources ?? [];
  return [module, ...sources].map(plainPath);
}

function fileOfFrame(line: string): string | undefined {
  const place = /^ +at (?:.*\(|async )?(?<file>.+?):\d+:\d+\)?$/.exec(line)?.groups?.["file"];
  return place === undefined ? undefined : plainPath(place);
}

/** Without what tells versions of one file apart. */
function plainPath(file: string): string {
  if (!file.startsWith("file:")) return file;
  const url = new URL(file);
  url.search = "";
  return fileURLToPath(url);
}
