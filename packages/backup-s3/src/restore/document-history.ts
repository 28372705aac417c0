import type { DocumentName } from "@tidewire/foundation";
import type { DumpedRecord } from "@tidewire/log-engine-local";
import { RestoreError } from "./backup-reader.ts";

export interface HistoryRecord {
  readonly seq: number;
  readonly data: Buffer;
}

/** A document at one moment: what a log would give to open it. */
export interface DocumentAt {
  readonly seq: number;
  readonly snapshot?: HistoryRecord;
  /** After the snapshot, oldest first. */
  readonly patches: readonly HistoryRecord[];
  /** When its next timer was due then, ms; absent also if the backup does not say. */
  readonly wakeAt?: number;
}

/** A seq, or a wall-clock time in ms. */
export type HistoryMoment = { readonly seq: number } | { readonly at: number };

interface Change {
  readonly seq: number;
  readonly data: Buffer | undefined;
  readonly wakeAt: number | undefined;
  /** Wall clock, ms, about when it was written; unknown for records that compaction has moved. */
  at: number | undefined;
}

const deleting = new Set<DumpedRecord["type"]>(["deletion", "copiedDeletion"]);
const changing = new Set<DumpedRecord["type"]>([
  ...deleting,
  ...(["patch", "timedPatch", "copiedPatch", "copiedTimedPatch"] as const),
]);

/** Gathers the records of one document from everything there is, in whatever files it stands. */
export class DocumentHistory {
  readonly #document: DocumentName;
  readonly #changes = new Map<number, Change>();
  readonly #snapshots = new Map<number, Buffer>();
  /** Where records cannot be read: the seq they led to, and a time before which they were not written, if known. */
  readonly #lost: { readonly seq: number; readonly after: number | undefined }[] = [];
  #clock: number | undefined;

  constructor(document: DocumentName) {
    this.#document = document;
  }

  /** Records come segment by segment, in the order of their ids. */
  add(record: DumpedRecord): void {
    if (record.type === "time") this.#clock = record.wallMs;
    const { document, seq, type, data, wakeAt } = record;
    if (document?.space !== this.#document.space || document.key !== this.#document.key || seq === undefined) return;
    if (type === "damage" && record.segment.kind === "log") this.#lost.push({ seq, after: this.#clock });
    if (type === "snapshot" && data !== undefined) this.#snapshots.set(seq, Buffer.from(data));
    if (!changing.has(type)) return;
    const known = this.#changes.get(seq);
    const at = record.segment.kind === "log" ? this.#clock : undefined;
    if (known !== undefined) known.at ??= at;
    // Copied: the buffer it is part of is a whole segment.
    else {
      const bytes = deleting.has(type) || data === undefined ? undefined : Buffer.from(data);
      this.#changes.set(seq, { seq, data: bytes, wakeAt, at });
    }
  }

  get isEmpty(): boolean {
    return this.#changes.size === 0 && this.#snapshots.size === 0;
  }

  /** The document at a moment. Throws `RestoreError` if it did not exist then or the records do not reach back. */
  stateAt(moment: HistoryMoment): DocumentAt {
    const seq = "seq" in moment ? this.#existing(moment.seq) : this.#seqAt(moment.at);
    const changes = [...this.#changes.values()].filter((change) => change.seq <= seq).sort((a, b) => a.seq - b.seq);
    const last = changes.at(-1);
    if (last?.seq === seq && last.data === undefined) throw new RestoreError(`the document was deleted at seq ${seq}`);
    const snapshotSeq = Math.max(-1, ...[...this.#snapshots.keys()].filter((at) => at <= seq));
    const data = this.#snapshots.get(snapshotSeq);
    const patches = changes.flatMap((change) =>
      change.seq > snapshotSeq && change.data !== undefined ? [{ seq: change.seq, data: change.data }] : [],
    );
    const wakeAt = last?.seq === seq ? last.wakeAt : undefined;
    return {
      seq,
      ...(data === undefined ? {} : { snapshot: { seq: snapshotSeq, data } }),
      patches,
      ...(wakeAt === undefined ? {} : { wakeAt }),
    };
  }

  #existing(seq: number): number {
    if (this.#changes.has(seq) || this.#snapshots.has(seq)) return seq;
    const known = [...this.#changes.keys(), ...this.#snapshots.keys()].sort((a, b) => a - b);
    const before = known.filter((other) => other < seq).at(-1);
    const after = known.find((other) => other > seq);
    const near = [before, after].filter((other) => other !== undefined).join(" and ");
    throw new RestoreError(`no record of the document ends at seq ${seq}; the nearest are ${near}`);
  }

  #seqAt(at: number): number {
    const changes = [...this.#changes.values()].sort((a, b) => a.seq - b.seq);
    const firstAfter = changes.find((change) => change.at !== undefined && change.at > at);
    const limit = firstAfter?.seq ?? Number.POSITIVE_INFINITY;
    const seqs = [...this.#changes.keys(), ...this.#snapshots.keys()].filter((seq) => seq < limit);
    if (seqs.length === 0)
      throw new RestoreError("the document did not exist at that time, or its history does not reach so far");
    const seq = Math.max(...seqs);
    const lost = this.#lost.find(
      (each) => each.seq > seq && each.seq <= limit && !(each.after !== undefined && each.after > at),
    );
    if (lost !== undefined) {
      throw new RestoreError(
        `records behind seq ${seq}, up to ${lost.seq}, are lost or damaged, and may be of that time: ` +
          `what is there can be had with --seq ${seq}`,
      );
    }
    return seq;
  }
}
