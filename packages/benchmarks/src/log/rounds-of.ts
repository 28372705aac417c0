import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { builtFile } from "../shared/built-file.ts";

const OUTPUT_MAX_BYTES = 16 * 1024 * 1024;

/** Runs a process of this package's build that prints its rounds as JSON, and checks that every figure is one. */
export async function roundsOf(
  script: string,
  flags: Readonly<Record<string, string | number>>,
): Promise<Record<string, number>[]> {
  const args = Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, String(value)]);
  const { stdout } = await promisify(execFile)(process.execPath, ["--expose-gc", builtFile(script), ...args], {
    maxBuffer: OUTPUT_MAX_BYTES,
  });
  const rounds = JSON.parse(stdout) as Record<string, number>[];
  for (const round of rounds) {
    for (const [figure, value] of Object.entries(round)) {
      if (!Number.isFinite(value)) throw new Error(`${figure} was not measured`);
    }
  }
  return rounds;
}
