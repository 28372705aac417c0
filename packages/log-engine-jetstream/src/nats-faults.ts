import { errors, RequestError } from "@nats-io/nats-core";
import { ServiceError } from "@tidewire/foundation";

/**
 * Why NATS did not do what was asked: `nats_away` (no connection), `timeout`, `no_leader` (nobody serves the stream just
 * now), `storage_full`, `unsafe_server` (the gate refuses the server of this connection), `rejected` (everything else).
 */
export type NatsFault = "nats_away" | "timeout" | "no_leader" | "storage_full" | "unsafe_server" | "rejected";

const texts: Readonly<Record<NatsFault, string>> = {
  nats_away: "the log has no connection to NATS",
  timeout: "NATS did not answer in time",
  no_leader: "no server leads the stream of this document just now",
  storage_full: "the storage of NATS is full",
  unsafe_server: "the NATS server now connected cannot keep the log safely",
  rejected: "NATS refused the request",
};

/** The outcome of a write that ends like this is unknown, until the next open or the same append again. */
export function unavailable(reason: NatsFault, cause?: unknown): ServiceError {
  return new ServiceError("unavailable", texts[reason], {
    details: { reason },
    ...(cause === undefined ? {} : { cause }),
  });
}

/** Insufficient resources, storage exceeded and the like; see the server's list of JetStream errors. */
const FULL_CODES: ReadonlySet<number> = new Set([10_002, 10_023, 10_028, 10_047, 10_077]);
/** No leader, no peers yet, a cluster that is not whole. */
const NO_LEADER_CODES: ReadonlySet<number> = new Set([10_008, 10_005, 10_009, 10_074, 10_076, 10_118, 10_163, 10_194]);

export function faultOfCode(code: number): NatsFault {
  if (FULL_CODES.has(code)) return "storage_full";
  return NO_LEADER_CODES.has(code) ? "no_leader" : "rejected";
}

/** What a failed request of the client library means. */
export function faultOf(thrown: unknown): NatsFault {
  if (thrown instanceof errors.TimeoutError) return "timeout";
  if (thrown instanceof RequestError && thrown.isNoResponders()) return "no_leader";
  if (thrown instanceof errors.NoRespondersError) return "no_leader";
  // The JetStream library wraps it, and calls it "not enabled".
  if (thrown instanceof Error && thrown.cause instanceof RequestError) return faultOf(thrown.cause);
  const code = (thrown as { readonly code?: unknown }).code;
  if (typeof code === "number" && code >= 10_000) return faultOfCode(code);
  if (thrown instanceof errors.ConnectionError || thrown instanceof errors.ClosedConnectionError) return "nats_away";
  if (thrown instanceof errors.DrainingConnectionError) return "nats_away";
  return "rejected";
}
