import { clientApi, defaultClientLimits, type Limits } from "@tidewire/protocol-client";

/** Bounds of the edge. What `session/authenticate` announces to the client is a part of them. */
export interface EdgeLimits {
  /** Longest frame from a client, and longest HTTP body. */
  readonly frameMaxBytes: number;
  /** Unacknowledged stream data on its way to one socket, from its first ack on. */
  readonly ackWindowBytes: number;
  /** Document streams of one session. */
  readonly streamsMax: number;
  /** One-shot requests of one session that wait for their answer. */
  readonly requestsMax: number;
  readonly heartbeatMs: number;
  /** Silence after which a session ends: two heartbeats. */
  readonly idleMs: number;
  /** A session that has not said who it is ends after this. */
  readonly authenticateMs: number;
  /** While more than this waits in a client's socket, its streams stand still. */
  readonly socketBufferMaxBytes: number;
  /** What may wait for one client altogether; more closes it. A single snapshot may exceed it. */
  readonly outboundMaxBytes: number;
  /** Messages a session may send in a second, and at once after a pause. */
  readonly sendsPerSecond: number;
  readonly sendsBurst: number;
  /** How long a one-shot request may take, retries included. */
  readonly requestDeadlineMs: number;
  /** How long a stream that was live is re-subscribed before the client sees an end. */
  readonly resubscribeBudgetMs: number;
  /** The same for a stream that never was live. */
  readonly subscribeBudgetMs: number;
  /** Sessions of all transports in this process. */
  readonly sessionsMax: number;
  readonly sessionsPerAddressMax: number;
  readonly sessionsPerPrincipalMax: number;
  /** HTTP requests of this process that wait for their answer, long polls included. */
  readonly httpRequestsMax: number;
  /** How long a POST to a poll session is held without frames. */
  readonly pollHoldMs: number;
  /** A poll session without a POST for this long ends. */
  readonly pollIdleMs: number;
  /** Longest `?wait=`. */
  readonly viewWaitMaxMs: number;
}

export const defaultLimits: EdgeLimits = {
  ...defaultClientLimits,
  heartbeatMs: clientApi.heartbeatMs,
  authenticateMs: 60_000,
  socketBufferMaxBytes: 131_072,
  outboundMaxBytes: 16_777_216,
  sendsPerSecond: 2_000,
  sendsBurst: 4_000,
  requestDeadlineMs: 10_000,
  resubscribeBudgetMs: 30_000,
  subscribeBudgetMs: 10_000,
  sessionsMax: 100_000,
  sessionsPerAddressMax: 50_000,
  sessionsPerPrincipalMax: 50_000,
  httpRequestsMax: 20_000,
  pollHoldMs: 25_000,
  pollIdleMs: 60_000,
  viewWaitMaxMs: 60_000,
};

/** The limits a client is told, as `session/authenticate` answers them. */
export function announcedLimits(limits: EdgeLimits): Limits {
  const { frameMaxBytes, ackWindowBytes, streamsMax, requestsMax, idleMs } = limits;
  return { frameMaxBytes, ackWindowBytes, streamsMax, requestsMax, idleMs };
}
