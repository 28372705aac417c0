/** The script of the thread that stops document code which does not return; `main.ts` looks for it beside `main.js`. */
export async function extra({ build, nodeBundle }) {
  await build({
    ...nodeBundle,
    entryPoints: ["@tidewire/document/guard-watch"],
    outfile: "dist/guard-watch.js",
  });
}
