import type { RandomState } from "@tidewire/foundation";
import { LogFormatError } from "./restore-state.ts";

/** Grows with every change of the format that older hosts would misread. */
export const logFormat = 1;

export type PrincipalRow = readonly [agent: string, authority: string];
export type TimerRow = readonly [
  id: number,
  dueAt: number,
  name: string,
  agent: string,
  authority: string,
  arg?: unknown,
];
export type CronRow = readonly [name: string, dueAt: number, schedule: string, timeZone: string];
/** `value` is JSON text. */
export type MarkerRow = readonly [
  key: string,
  seq: number,
  durableSeq: number,
  at: number,
  digest: string,
  value?: string,
];

/** What a snapshot says beside the state. */
export interface SnapshotRecord {
  readonly f: typeof logFormat;
  /** Version of the document type that wrote it. */
  readonly v: number;
  readonly seq: number;
  /** Seq of the newest transaction with an effect, not counting those that only left a marker. */
  readonly effectSeq: number;
  readonly state: Readonly<Record<string, unknown>>;
  /** Stamp of everything in `state` that `stamps` says nothing of; `effectSeq` if absent. */
  readonly stampSeq?: number;
  readonly stamps?: Readonly<Record<string, unknown>>;
  readonly random: RandomState;
  readonly timers: readonly TimerRow[];
  readonly nextTimer: number;
  /** Absent if there are none. */
  readonly cron?: readonly CronRow[];
  readonly markers: readonly MarkerRow[];
  readonly connected: readonly PrincipalRow[];
  /** Absent if there are none. */
  readonly presenceReads?: readonly string[];
}

export interface PatchRecord {
  readonly f: typeof logFormat;
  readonly v: number;
  readonly from: number;
  readonly to: number;
  readonly effectSeq?: number;
  /** The document is gone. Nothing else is said then but `markers`, all of them. */
  readonly deleted?: true;
  /** It was made in this patch: what was before does not count. */
  readonly created?: true;
  readonly state?: Readonly<Record<string, unknown>>;
  /** As in a snapshot; only with `created`. */
  readonly stampSeq?: number;
  /** Of what was not changed by the last transaction with an effect. */
  readonly stamps?: Readonly<Record<string, unknown>>;
  readonly random?: RandomState;
  readonly timers?: { readonly set: readonly TimerRow[]; readonly gone: readonly number[]; readonly next: number };
  readonly cron?: { readonly set: readonly CronRow[]; readonly gone: readonly string[] };
  readonly markers?: readonly MarkerRow[];
  /** All fields of the document that are shown, or decide what is shown, depending on who is connected. */
  readonly presenceReads?: readonly string[];
  readonly connected?: { readonly came: readonly PrincipalRow[]; readonly went: readonly PrincipalRow[] };
}

const decoder = new TextDecoder("utf-8", { fatal: true });

export function decodeSnapshot(data: Uint8Array): SnapshotRecord {
  const snapshot = parse(data) as unknown as SnapshotRecord;
  if (!isSeq(snapshot.seq) || typeof snapshot.state !== "object") throw new LogFormatError("a snapshot is incomplete");
  return snapshot;
}

export function decodePatch(data: Uint8Array): PatchRecord {
  const patch = parse(data) as unknown as PatchRecord;
  if (!isSeq(patch.from) || !isSeq(patch.to) || patch.to <= patch.from)
    throw new LogFormatError("a patch has no range");
  return patch;
}

function parse(data: Uint8Array): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(decoder.decode(data));
  } catch (cause) {
    throw new LogFormatError("a record of the log is not JSON", { cause });
  }
  const format = (value as { f?: unknown } | null)?.f;
  if (format !== logFormat) throw new LogFormatError(`log format ${String(format)}, this host reads ${logFormat}`);
  return value as Record<string, unknown>;
}

function isSeq(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
