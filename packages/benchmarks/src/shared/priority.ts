import { readFileSync, writeFileSync } from "node:fs";

const NICE = /nice (-?\d+)/;

/**
 * The niceness of this session's group of processes, where the kernel schedules by session (Linux, autogroup); there it
 * counts and the niceness of a process does not. `undefined` elsewhere.
 */
export function groupNice(): number | undefined {
  try {
    return Number(NICE.exec(readFileSync("/proc/self/autogroup", "utf8"))![1]);
  } catch {
    return undefined;
  }
}

/** Gives a process that leads a session of its own the niceness of this one. */
export function inheritPriority(pid: number): void {
  const nice = groupNice();
  if (nice === undefined || nice === 0) return;
  try {
    writeFileSync(`/proc/${pid}/autogroup`, String(nice));
  } catch {
    // It needs a right that this process has or has not; the report says which niceness was wanted.
  }
}
