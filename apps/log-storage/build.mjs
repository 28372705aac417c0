/** The script of the threads that write and sync the log; `open-local-storage.ts` looks for it beside `main.js`. */
export async function extra({ build, nodeBundle }) {
  await build({
    ...nodeBundle,
    entryPoints: ["@tidewire/log-engine-local/io-worker"],
    outfile: "dist/log-io-worker.js",
  });
}
