import { existsSync } from "node:fs";
import { basename, extname, join, resolve } from "node:path";
import type { SourceBundleFiles } from "./source-bundle.ts";

/** Where document code comes from. */
export interface WatchedDocuments {
  /** What the hosts load. */
  readonly bundles: readonly string[];
  /** Those of the bundles that are made of sources here. */
  readonly sources: readonly SourceBundleFiles[];
}

const sourceExtensions = new Set([".ts", ".mts", ".tsx"]);

/** Sources are bundled into the data folder; everything else is a bundle already. */
export function documentsOf(files: readonly string[], dataFolder: string): WatchedDocuments {
  const all = files.map((file, index): SourceBundleFiles => {
    const source = resolve(file);
    const extension = extname(source);
    const name = `${index + 1}-${basename(source, extension)}.js`;
    return { source, outfile: sourceExtensions.has(extension) ? join(dataFolder, "documents", name) : source };
  });
  return {
    bundles: all.map(({ outfile }) => outfile),
    sources: all.filter(({ source, outfile }) => source !== outfile),
  };
}

/** The demo of this repository; its sources too, if they are to be watched. */
export function demoDocuments(root: string, isWatching: boolean): WatchedDocuments {
  const demo = join(root, "apps", "demo");
  const outfile = join(demo, "dist", "documents.js");
  if (!existsSync(outfile)) return { bundles: [], sources: [] };
  const source = join(demo, "src", "documents.ts");
  return { bundles: [outfile], sources: isWatching && existsSync(source) ? [{ source, outfile }] : [] };
}
