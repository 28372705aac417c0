/** The documents of the benchmarks, as a host loads them. */
export async function extra({ build, nodeBundle }) {
  const { plugins: _, ...selfContained } = nodeBundle;
  await build({ ...selfContained, entryPoints: ["src/game/board-game.ts"], outfile: "dist/bench-documents.js" });
}
