/** Whether an acknowledged write survives the power failing everywhere at once, and how that is known. */
export interface Durability {
  readonly isDurable: boolean;
  readonly source: "monitoring" | "stated" | "unknown";
  /** For people: what was found. */
  readonly reason: string;
  /** Versions of all servers, where the monitoring ports tell. */
  readonly versions: readonly string[];
}

const ASK_MS = 3_000;

/**
 * Asks the monitoring port of every server whether it syncs each write (`sync_interval: always`). Without such ports the
 * operator's word counts; without that, nothing is known and the log is not called durable.
 */
export async function findDurability(monitoring: readonly string[], statesSyncAlways: boolean): Promise<Durability> {
  if (monitoring.length === 0) {
    return statesSyncAlways
      ? {
          isDurable: true,
          source: "stated",
          reason: "nats.syncAlways says that every server syncs each write",
          versions: [],
        }
      : {
          isDurable: false,
          source: "unknown",
          reason: "it is not known whether the servers sync each write: set nats.monitoring, or nats.syncAlways",
          versions: [],
        };
  }
  const answers = await Promise.all(monitoring.map(askServer));
  const versions = answers.flatMap((answer) => (answer.version === undefined ? [] : [answer.version]));
  const problem = answers.find((answer) => answer.problem !== undefined)?.problem;
  return problem === undefined
    ? { isDurable: true, source: "monitoring", reason: "every server syncs each write", versions }
    : { isDurable: false, source: "monitoring", reason: problem, versions };
}

async function askServer(base: string): Promise<{ readonly version?: string; readonly problem?: string }> {
  let varz: unknown;
  try {
    const response = await fetch(new URL("/varz", base), { signal: AbortSignal.timeout(ASK_MS) });
    varz = await response.json();
  } catch (error) {
    return { problem: `the monitoring port ${base} does not answer: ${(error as Error).message}` };
  }
  const { version, jetstream } = varz as {
    readonly version?: unknown;
    readonly jetstream?: { readonly config?: { readonly sync_always?: unknown } };
  };
  const known = typeof version === "string" ? { version } : {};
  if (jetstream?.config?.sync_always === true) return known;
  return {
    ...known,
    problem: `the server at ${base} acknowledges before it syncs: set jetstream.sync_interval to always`,
  };
}
