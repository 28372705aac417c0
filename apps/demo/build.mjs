import { cpSync } from "node:fs";

/** The bundle of document code that hosts load, and the page that the edge serves. */
export async function extra({ build, nodeBundle }) {
  // Self-contained: a host loads it from wherever it lies, so nothing may be left to find in a node_modules.
  const { plugins: _, ...selfContained } = nodeBundle;
  await build({ ...selfContained, entryPoints: ["src/documents.ts"], outfile: "dist/documents.js" });
  await build({
    entryPoints: ["web/main.ts"],
    outdir: "dist/web",
    bundle: true,
    minify: true,
    platform: "browser",
    target: "es2022",
    format: "esm",
    conditions: ["source"],
    sourcemap: "linked",
    logLevel: "warning",
  });
  for (const file of ["index.html", "styles.css", "icon.svg"]) cpSync(`web/${file}`, `dist/web/${file}`);
}
