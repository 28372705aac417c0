import { randomUUID } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/** Enough to tell later, from another process, whether this one still runs. */
export interface ProcessIdentity {
  readonly token: string;
  readonly pid: number;
  /** For people. */
  readonly host: string;
  /** When the process started, in clock ticks since boot: a later process with the same pid has another one. */
  readonly startTicks?: string;
  /** Of the running kernel: after a reboot no process of before lives. */
  readonly bootId?: string;
  /** Pids of another namespace (another container) mean nothing here. */
  readonly pidNamespace?: string;
}

export type Liveness = "alive" | "dead" | "unknown";

export function ownIdentity(): ProcessIdentity {
  const startTicks = startTicksOf(process.pid);
  const bootId = readOrNothing(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim());
  const pidNamespace = readOrNothing(() => readlinkSync("/proc/self/ns/pid"));
  return {
    token: randomUUID(),
    pid: process.pid,
    host: hostname(),
    ...(startTicks === undefined ? {} : { startTicks }),
    ...(bootId === undefined ? {} : { bootId }),
    ...(pidNamespace === undefined ? {} : { pidNamespace }),
  };
}

/** Whether the process behind an identity runs now; `unknown` if it cannot be seen from here. */
export function livenessOf(identity: ProcessIdentity): Liveness {
  const own = ownIdentity();
  if (own.bootId === undefined) return identity.host === own.host ? livenessByPid(identity.pid) : "unknown";
  if (identity.bootId !== own.bootId || identity.pidNamespace !== own.pidNamespace) return "unknown";
  const ticks = startTicksOf(identity.pid);
  return ticks !== undefined && ticks === identity.startTicks ? "alive" : "dead";
}

/** Without /proc a later process with the same pid cannot be told apart: it counts as the same one, which is safe. */
function livenessByPid(pid: number): Liveness {
  try {
    process.kill(pid, 0);
    return "alive";
  } catch (error) {
    return (error as { code?: string }).code === "ESRCH" ? "dead" : "alive";
  }
}

function startTicksOf(pid: number): string | undefined {
  const stat = readOrNothing(() => readFileSync(`/proc/${pid}/stat`, "utf8"));
  // The command in parentheses may hold anything; field 22 is the twentieth one after it. A zombie runs no more.
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields === undefined || fields[0] === "Z" || fields[0] === "X" ? undefined : fields[19];
}

function readOrNothing<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
