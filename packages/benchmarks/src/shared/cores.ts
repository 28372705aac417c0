import { spawnSync } from "node:child_process";
import { cpus } from "node:os";

/** Whether processes can be kept on cores of their own here. */
export const canPin = cpus().length >= 2 && spawnSync("taskset", ["--version"]).status === 0;

/** The command that runs `command` on that core alone; the command itself where that is not possible. */
export function commandOn(
  core: number | undefined,
  command: string,
  args: readonly string[],
): { command: string; args: readonly string[] } {
  if (core === undefined || !canPin) return { command, args };
  return { command: "taskset", args: ["-c", String(core), command, ...args] };
}
