/** What stands between a server and its use as a log. `refusals` stop the start, unless the operator accepts them. */
export interface GateVerdict {
  readonly refusals: readonly string[];
  readonly warnings: readonly string[];
}

/** Compare-and-set lets in several winners on replicated streams before 2.9.21; whole streams were lost up to 2.10.22. */
const REPLICATION_FROM = "2.10.23";
/** The server's own fixes for what Jepsen found in 2.12.1. */
const RECOMMENDED_FROM = "2.12.3";
/** Direct reads by subject, per-subject enumeration and expected sequences per subject all exist from here on. */
const MINIMUM = "2.9.0";
const PAYLOAD_MIN_BYTES = 64 * 1024;

/** Judges one server by what it says about itself. */
export function judgeServer(
  server: { readonly version: string; readonly maxPayload: number },
  replicas: number,
): GateVerdict {
  const { version, maxPayload } = server;
  const refusals: string[] = [];
  const warnings: string[] = [];
  if (isOlder(version, MINIMUM)) refusals.push(`NATS server ${version} is too old: at least ${MINIMUM} is needed`);
  if (replicas > 1 && isOlder(version, REPLICATION_FROM)) {
    refusals.push(
      `NATS server ${version} breaks compare-and-set on replicated streams: upgrade to ${REPLICATION_FROM} or newer ` +
        "(2.12.3 recommended), or set nats.replicas to 1",
    );
  } else if (isOlder(version, RECOMMENDED_FROM)) {
    warnings.push(`NATS server ${version} has known ways to lose data that ${RECOMMENDED_FROM} does not have: upgrade`);
  }
  if (maxPayload < PAYLOAD_MIN_BYTES) {
    refusals.push(`max_payload of the NATS server is ${maxPayload}: set it to at least ${PAYLOAD_MIN_BYTES} (64KB)`);
  }
  return { refusals, warnings };
}

/** Numeric parts only: `2.11.0-RC.1` counts as 2.11.0. */
export function isOlder(version: string, than: string): boolean {
  const [a, b] = [version, than].map((each) => (each.split("-")[0] ?? "").split(".").map(Number));
  for (let part = 0; part < 3; part++) {
    const difference = (a?.[part] || 0) - (b?.[part] || 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}
