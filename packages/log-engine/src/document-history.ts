import { copyOf } from "./bytes.ts";
import { historyError } from "./log-checks.ts";
import type { LogAppend, LogMoment, LogReadAt, LogRecord } from "./log-engine.ts";

interface PastRecord extends LogRecord {
  readonly deletes: boolean;
  /** Wall clock, ms. */
  readonly writtenAt: number;
}

/** What a document of the memory engine was: the records that snapshots and deletions have replaced, up to a number. */
export class DocumentHistory {
  readonly #recordsMax: number;
  /** Where the first record begins. */
  #beginSeq = 0;
  /** Whether the state at `#beginSeq` is nothing, rather than unknown. */
  #beginsEmpty = true;
  #isDeletedAtBegin = false;
  #records: PastRecord[] = [];
  #snapshots: LogRecord[] = [];

  /** @param recordsMax kept beyond those the document itself needs. */
  constructor(recordsMax: number) {
    this.#recordsMax = recordsMax;
  }

  appended(append: LogAppend, writtenAt: number): void {
    this.#records.push({ seq: append.seq, data: append.data, deletes: append.deletes === true, writtenAt });
    this.#forget();
  }

  snapshotTaken(snapshot: LogRecord): void {
    this.#snapshots.push(snapshot);
    this.#forget();
  }

  /** The document comes from another log, and so does its history. */
  installed(seq: number, snapshot: LogRecord | undefined, isDeleted: boolean): void {
    this.#beginSeq = seq;
    this.#beginsEmpty = snapshot === undefined;
    this.#isDeletedAtBegin = isDeleted;
    this.#records = [];
    this.#snapshots = snapshot === undefined ? [] : [snapshot];
  }

  readAt(moment: LogMoment): LogReadAt {
    const isIn = (record: PastRecord): boolean =>
      "seq" in moment ? record.seq <= moment.seq : record.writtenAt < moment.beforeMs;
    const last = this.#records.findLast(isIn);
    if (last?.deletes === true) return { seq: last.seq, isDeleted: true, patches: [] };
    const isBefore = "seq" in moment ? moment.seq < this.#beginSeq : this.#beginSeq > 0;
    if (last === undefined && isBefore) throw historyError();
    const seq = last?.seq ?? this.#beginSeq;
    const base = this.#baseOf(seq);
    if (base === undefined) throw historyError();
    const patches = this.#records.filter((record) => record.seq > base.seq && record.seq <= seq).map(copyOf);
    const isDeleted = last === undefined && this.#isDeletedAtBegin;
    return {
      seq,
      isDeleted,
      ...(base.snapshot === undefined ? {} : { snapshot: copyOf(base.snapshot) }),
      patches,
    };
  }

  /** The newest state from which the patches lead to `seq`. */
  #baseOf(seq: number): { readonly seq: number; readonly snapshot?: LogRecord } | undefined {
    const snapshot = this.#snapshots.findLast((each) => each.seq <= seq && each.seq >= this.#beginSeq);
    const deletion = this.#records.findLast((each) => each.deletes && each.seq < seq);
    const empty = deletion?.seq ?? (this.#beginsEmpty ? this.#beginSeq : undefined);
    if (snapshot !== undefined && (empty === undefined || snapshot.seq > empty)) return { seq: snapshot.seq, snapshot };
    return empty === undefined ? undefined : { seq: empty };
  }

  /** Forgets the oldest records, but none that the newest state is made of. */
  #forget(): void {
    const needed = Math.max(
      this.#snapshots.at(-1)?.seq ?? 0,
      this.#records.findLast((record) => record.deletes)?.seq ?? 0,
    );
    while (this.#records.length > this.#recordsMax && this.#records[0]!.seq <= needed) {
      const { seq, deletes } = this.#records.shift()!;
      this.#beginSeq = seq;
      this.#beginsEmpty = deletes;
      this.#isDeletedAtBegin = deletes;
    }
    // One at the beginning still has patches behind it; of the others one for each record would be plenty.
    const first = this.#snapshots.findIndex((snapshot) => snapshot.seq >= this.#beginSeq);
    this.#snapshots.splice(0, Math.max(first === -1 ? 0 : first, this.#snapshots.length - this.#recordsMax - 1));
  }
}
