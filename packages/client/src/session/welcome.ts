import {
  type Authenticated,
  clientApi,
  defaultClientLimits,
  type JsonValue,
  type Limits,
} from "@tidewire/protocol-client";

/** A server may ask for a slower or faster heartbeat than the contract says, within reason. */
const HEARTBEAT_MIN_MS = 100;
const HEARTBEAT_MAX_MS = 60_000;

/** The answer to `session/authenticate`, with defaults for what an older or newer server leaves out. */
export function readWelcome(result: JsonValue): Authenticated {
  const fields = (typeof result === "object" && result !== null ? result : {}) as Partial<Authenticated>;
  const heartbeatMs = positive(fields.heartbeatMs, clientApi.heartbeatMs);
  return {
    principal: fields.principal ?? { agent: "", authority: "" },
    session: fields.session ?? "",
    heartbeatMs: Math.min(HEARTBEAT_MAX_MS, Math.max(HEARTBEAT_MIN_MS, heartbeatMs)),
    limits: readLimits(fields.limits),
  };
}

function readLimits(limits: Partial<Limits> = {}): Limits {
  const { frameMaxBytes, ackWindowBytes, streamsMax, requestsMax, idleMs } = defaultClientLimits;
  return {
    frameMaxBytes: positive(limits.frameMaxBytes, frameMaxBytes),
    ackWindowBytes: positive(limits.ackWindowBytes, ackWindowBytes),
    streamsMax: positive(limits.streamsMax, streamsMax),
    requestsMax: positive(limits.requestsMax, requestsMax),
    idleMs: positive(limits.idleMs, idleMs),
  };
}

function positive(value: unknown, fallback: number): number {
  return typeof value === "number" && value > 0 ? value : fallback;
}
