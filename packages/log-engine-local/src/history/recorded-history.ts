import type { LogMoment } from "@tidewire/log-engine";

/** A patch or deletion that is on the disk. */
export interface RecordedPatch {
  readonly seq: number;
  readonly span: number;
  readonly location: number;
  readonly length: number;
  readonly deletes: boolean;
  /** The time of the log where it was written; absent for one that compaction has moved. */
  readonly wallMs?: number;
}

export interface RecordedSnapshot {
  readonly seq: number;
  readonly location: number;
  readonly length: number;
}

/** What was found of one document, in no order but that of the log for its patches. */
export interface RecordedHistory {
  readonly patches: RecordedPatch[];
  readonly snapshots: RecordedSnapshot[];
  /** The oldest time that is in the log. */
  firstTimeMs: number | undefined;
  /** Where it came from another log; nothing of before counts. */
  begin: HistoryBegin | undefined;
}

export interface HistoryBegin {
  readonly seq: number;
  readonly epoch: number;
  readonly wallMs: number;
  readonly isDeleted: boolean;
  readonly snapshotLocation: number | undefined;
}

/** Where the document stands now. */
export interface HistoryHead {
  readonly seq: number;
  /** Where it was empty the last time: 0, or the seq of its last deletion. */
  readonly emptySeq: number;
}

/** The records that make up the state of a moment. */
export interface PastState {
  readonly seq: number;
  readonly isDeleted: boolean;
  readonly snapshot?: RecordedSnapshot;
  /** Oldest first. */
  readonly patches: readonly RecordedPatch[];
}

/**
 * The state at a moment, or `undefined` if the records that are left do not tell it. Nothing is guessed: a record must be
 * followed by one that begins where it ends, and the way back must come to a snapshot or to where there was nothing.
 */
export function pastState(recorded: RecordedHistory, head: HistoryHead, moment: LogMoment): PastState | undefined {
  const history = upTo(recorded, head.seq);
  const { begin } = history;
  if (begin !== undefined && ("seq" in moment ? moment.seq < begin.seq : moment.beforeMs <= begin.wallMs))
    return undefined;
  const seq = "seq" in moment ? seqUpTo(history, head, moment.seq) : seqBefore(history, head, moment.beforeMs);
  if (seq === undefined || !isBoundary(history, head, seq, moment)) return undefined;
  return backFrom(history, head, seq);
}

function upTo({ patches, snapshots, ...rest }: RecordedHistory, seq: number): RecordedHistory {
  const isUpTo = (record: { readonly seq: number }): boolean => record.seq <= seq;
  return { patches: patches.filter(isUpTo), snapshots: snapshots.filter(isUpTo), ...rest };
}

/** The end of the last record that leads to this seq or less. */
function seqUpTo(history: RecordedHistory, head: HistoryHead, seq: number): number {
  if (seq >= head.seq) return head.seq;
  let last = Math.max(head.emptySeq <= seq ? head.emptySeq : 0, history.begin?.seq ?? 0);
  for (const record of history.patches) if (record.seq <= seq && record.seq > last) last = record.seq;
  for (const record of history.snapshots) if (record.seq <= seq && record.seq > last) last = record.seq;
  return last;
}

/** Where the document stood at a time. The clock may have been set back: the order of the log counts. */
function seqBefore(history: RecordedHistory, head: HistoryHead, beforeMs: number): number | undefined {
  let last: number | undefined;
  let first: RecordedPatch | undefined;
  for (const record of history.patches) {
    if (record.wallMs === undefined) continue;
    first ??= record;
    if (record.wallMs < beforeMs) last = record.seq;
  }
  if (last !== undefined) return last;
  const begin = first === undefined ? head.seq : first.seq - first.span;
  // Before the oldest time in the log it may have been anywhere, unless it began later.
  const isKnown = begin === 0 || (history.firstTimeMs !== undefined && history.firstTimeMs <= beforeMs);
  return isKnown ? begin : undefined;
}

/** Whether no record that is missing could lie between this seq and the moment. */
function isBoundary(history: RecordedHistory, head: HistoryHead, seq: number, moment: LogMoment): boolean {
  if (seq === head.seq || ("seq" in moment && moment.seq === seq)) return true;
  return history.patches.some((record) => record.seq - record.span === seq);
}

function backFrom(history: RecordedHistory, head: HistoryHead, seq: number): PastState | undefined {
  const snapshots = new Map(history.snapshots.map((snapshot) => [snapshot.seq, snapshot]));
  const records = new Map(history.patches.map((record) => [record.seq, record]));
  const patches: RecordedPatch[] = [];
  for (let at = seq; ; ) {
    const snapshot = snapshots.get(at);
    if (snapshot !== undefined) return { seq, isDeleted: false, snapshot, patches: patches.reverse() };
    const { begin } = history;
    if (begin?.seq === at) {
      const hasState = begin.snapshotLocation !== undefined;
      return hasState ? undefined : { seq, isDeleted: at === seq && begin.isDeleted, patches: patches.reverse() };
    }
    const record = records.get(at);
    if (at === 0 || at === head.emptySeq || record?.deletes === true) {
      return { seq, isDeleted: at === seq && at > 0, patches: patches.reverse() };
    }
    if (record === undefined) return undefined;
    patches.push(record);
    at = record.seq - record.span;
  }
}
