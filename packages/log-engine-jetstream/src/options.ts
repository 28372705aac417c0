import { defaultLogLimits, type LogLimits } from "@tidewire/log-engine";

const MIB = 1024 * 1024;

/** A function is asked at every connection: what it gives may change while the process lives. */
export type NatsSecret = string | (() => string);

/** How to reach the servers, and by what they know this process: a password, a token, an nkey or credentials. */
export interface NatsAccess {
  /** Of one or several servers of one cluster: `nats://host:4222`. The client learns of the others by itself. */
  readonly servers: readonly string[];
  readonly user?: string;
  readonly password?: NatsSecret;
  readonly token?: NatsSecret;
  /** The seed of a user's nkey. */
  readonly nkey?: NatsSecret;
  /** Text of a `.creds` file. */
  readonly credentials?: NatsSecret;
  /** With it no server is used that does not speak TLS. The files are read at every connection. */
  readonly tls?: {
    readonly caFile?: string;
    readonly certFile?: string;
    readonly keyFile?: string;
    /** What the certificates are for, if it is not the host in the address. */
    readonly serverName?: string;
  };
}

export interface JetStreamLogOptions {
  readonly access: NatsAccess;
  /** What the names of all streams and subjects begin with; several systems may share one NATS account. */
  readonly namespace: string;
  /** Streams the documents are spread over. Fixed when the first process starts; another number is refused later. */
  readonly partitions: number;
  /** Servers that keep each stream: 1, 3 or 5. */
  readonly replicas: number;
  /** Base URLs of the monitoring ports of all servers (`http://host:8222`): they tell whether writes are synced. */
  readonly monitoring: readonly string[];
  /** The operator's word that every server syncs each write, where the monitoring ports cannot be asked. */
  readonly statesSyncAlways: boolean;
  /** Starts and writes although the gate found something that can lose acknowledged writes. */
  readonly acceptsUnsafe: boolean;
  readonly limits: LogLimits;
  /** Patches and snapshots up to this travel inside their record; larger ones are cut into chunks. */
  readonly inlineMaxBytes: number;
  /** Writes under way and waiting, in bytes and in number: beyond it they are `overloaded`. */
  readonly queueMaxBytes: number;
  readonly queueMax: number;
  /** How long a write is tried before its outcome is called unknown. */
  readonly writeTimeoutMs: number;
  readonly readTimeoutMs: number;
  readonly connectTimeoutMs: number;
  /** How long the start waits for leaders and peers that are not there yet. */
  readonly startTimeoutMs: number;
  /** Documents whose head is remembered. */
  readonly cachedDocumentsMax: number;
  /** Documents with a timer that are held in memory, the earliest ones; the others are read again when their time nears. */
  readonly dueEntriesMax: number;
  /** For how long a timer's entry that the log does not confirm is kept: longer than a write can be under way. */
  readonly dueGraceMs: number;
  /** Purges a second, and how many may wait. */
  readonly purgesPerSecond: number;
  readonly purgeQueueMax: number;
  /** Reads of one call under way at one time. */
  readonly readsMax: number;
  /** Names that are kept of an enumeration, about 120 bytes each; further pages beyond them need another one. */
  readonly listingNamesMax: number;
  /** How long they serve further pages, or ten times as long as they took to find. */
  readonly listingCacheMs: number;
}

export const defaultJetStreamLogOptions: Omit<JetStreamLogOptions, "access"> = {
  namespace: "tidewire",
  // Each is a raft group of its own with replicas; what holds up one holds up a sixteenth of the documents.
  partitions: 16,
  replicas: 1,
  monitoring: [],
  statesSyncAlways: false,
  acceptsUnsafe: false,
  limits: defaultLogLimits,
  // The head of a document is read from the leader as base64 in JSON; a larger payload would travel with every such read.
  inlineMaxBytes: 256 * 1024,
  queueMaxBytes: 32 * MIB,
  queueMax: 16_384,
  writeTimeoutMs: 5_000,
  readTimeoutMs: 5_000,
  connectTimeoutMs: 10_000,
  startTimeoutMs: 30_000,
  cachedDocumentsMax: 65_536,
  dueEntriesMax: 200_000,
  dueGraceMs: 120_000,
  purgesPerSecond: 20,
  purgeQueueMax: 10_000,
  readsMax: 32,
  listingNamesMax: 200_000,
  listingCacheMs: 10_000,
};

/** Throws for settings that cannot work; an operator's mistake, before anything is touched. */
export function checkOptions(options: JetStreamLogOptions): void {
  if (options.access.servers.length === 0) throw new RangeError("at least one NATS server must be named");
  if (!/^[A-Za-z0-9_-]{1,32}$/.test(options.namespace)) {
    throw new RangeError("namespace must be 1 to 32 of [A-Za-z0-9_-]");
  }
  if (!Number.isInteger(options.partitions) || options.partitions < 1 || options.partitions > 64) {
    throw new RangeError("partitions must be 1 to 64");
  }
  if (![1, 3, 5].includes(options.replicas)) throw new RangeError("replicas must be 1, 3 or 5");
  if (options.queueMaxBytes < options.limits.recordMaxBytes) {
    throw new RangeError("queueMaxBytes must be at least limits.recordMaxBytes");
  }
}
