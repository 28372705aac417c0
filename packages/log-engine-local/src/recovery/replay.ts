import { documentName } from "@tidewire/foundation";
import { locationOf } from "../format/location.ts";
import { decodeBase, decodeReference, decodeTime, NOWHERE, WAKE_AT_BYTES } from "../format/payloads.ts";
import { type DecodedHeader, RecordType } from "../format/record.ts";
import type { DocumentEntry } from "../index/document-entry.ts";
import type { DocumentIndex } from "../index/document-index.ts";
import type { LogProblem } from "./problem.ts";
import { ReplayAtRest } from "./replay-at-rest.ts";
import type { SegmentScan } from "./segment-scan.ts";

/** Records about the log itself: its segments are joined by other means too, and a time serves backups and tells how old records are. */
const ownTypes = new Set<RecordType>([RecordType.prior, RecordType.closing, RecordType.time]);

/**
 * Rebuilds the index from the log, over what a checkpoint brought. The checkpoint may already hold effects of records
 * that are replayed: every record that is not newer than its document is skipped.
 */
export class Replay {
  readonly problems: LogProblem[] = [];
  readonly #index: DocumentIndex;
  readonly #atRest: ReplayAtRest;
  /** Documents with unreadable or missing records, and up to which seq; a later snapshot makes them whole again. */
  readonly #broken = new Map<number, { readonly seq: number; readonly text: string }>();
  records = 0;

  constructor(index: DocumentIndex) {
    this.#index = index;
    this.#atRest = new ReplayAtRest(index);
  }

  /** Takes over what the scan has just found: a record or damage. */
  apply(segmentId: number, kind: "record" | "damage", scan: SegmentScan): void {
    if (kind === "damage") return this.#applyDamage(segmentId, scan);
    this.records++;
    this.#applyRecord(segmentId, scan);
  }

  /** Isolates what stayed broken. Call once, at the end of the log. */
  finish(): void {
    for (const [id, { text }] of this.#broken) this.#index.markDamaged(id, text);
  }

  #applyRecord(segmentId: number, scan: SegmentScan): void {
    const { header, offset } = scan;
    if (header.documentId === 0) {
      if (header.type === RecordType.time) this.#index.segments.noted(decodeTime(scan.payload) ?? 0);
      return;
    }
    if (header.type === RecordType.key) return this.#applyKey(segmentId, offset, header, scan.payload);
    if (!this.#broken.has(header.documentId) && this.#atRest.apply(scan, segmentId)) return;
    const entry = this.#index.byId(header.documentId);
    if (entry === undefined) {
      const text = `document ${header.documentId} has no name`;
      this.problems.push({ kind: "unattributed_damage", segmentId, offset, text });
      return;
    }
    switch (header.type) {
      case RecordType.patch:
      case RecordType.timedPatch:
      case RecordType.deletion:
        return this.#applyAppend(entry, segmentId, offset, header, scan);
      case RecordType.epoch:
        if (header.epoch < entry.epoch) return;
        entry.epoch = header.epoch;
        entry.owner = header.length === 0 ? undefined : scan.payload.toString("utf8");
        return;
      case RecordType.base:
        return this.#applyBase(entry, header, scan.payload);
      case RecordType.snapshotReference:
        return this.#applySnapshot(entry, header, scan.payload);
      case RecordType.relocation: {
        const reference = decodeReference(scan.payload);
        if (reference?.from === undefined) return;
        const moved = { ...reference, from: reference.from };
        if (moved.location === NOWHERE.location) this.#index.dropDeletion(entry, header.seq, moved.from);
        else this.#index.movePatch(entry, header.seq, moved);
        return;
      }
      default:
    }
  }

  #applyKey(segmentId: number, offset: number, header: DecodedHeader, payload: Buffer): void {
    const { columns } = this.#index;
    if (columns.has(header.documentId)) return;
    const [space, key] = payload.toString("latin1").split("/");
    const name = documentName(space, key);
    if (columns.find(name) !== 0) {
      const text = `${space}/${key} has two ids`;
      this.problems.push({ kind: "unattributed_damage", segmentId, offset, text });
      return;
    }
    this.#index.restore(header.documentId, name);
  }

  #applyAppend(
    entry: DocumentEntry,
    segmentId: number,
    offset: number,
    header: DecodedHeader,
    scan: SegmentScan | undefined,
  ): void {
    if (header.seq <= entry.seq) return;
    if (header.seq - header.span !== entry.seq) {
      const text = `records between seq ${entry.seq} and ${header.seq - header.span} are missing`;
      this.#break(entry, header.seq - header.span, text);
      this.#report("missing_records", entry, segmentId, offset, text);
    }
    // Higher only if the record of the epoch itself was lost.
    if (header.epoch > entry.epoch) entry.epoch = header.epoch;
    const isTimed = header.type === RecordType.timedPatch && header.length >= WAKE_AT_BYTES;
    const wakeAt = isTimed ? Number(scan?.payload.readBigUInt64LE(0) ?? 0) : undefined;
    const { type, epoch, seq, span, length, payloadCrc } = header;
    const location = locationOf(segmentId, offset);
    this.#index.applyAppend(entry, { type, epoch, seq, span, length, payloadCrc }, { location, wakeAt });
    // Nothing of what is broken is needed any more.
    if (type === RecordType.deletion && scan !== undefined) this.#broken.delete(entry.id);
  }

  /** Also where the checkpoint has it already: everything newer of the document is behind it and is replayed as well. */
  #applyBase(entry: DocumentEntry, header: DecodedHeader, payload: Buffer): void {
    const base = decodeBase(payload);
    if (base === undefined) return;
    this.#index.applyBase(entry, { epoch: header.epoch, seq: header.seq, ...base });
    this.#broken.delete(entry.id);
  }

  #applySnapshot(entry: DocumentEntry, header: DecodedHeader, payload: Buffer): void {
    const reference = decodeReference(payload);
    if (reference === undefined) return;
    const { from } = reference;
    if (from !== undefined) return this.#index.moveSnapshot(entry, header.seq, { ...reference, from });
    // Of the same seq: it was written twice.
    const isNews = header.seq > entry.baseSeq || header.seq === entry.snapshot?.seq;
    if (isNews && header.seq <= entry.seq) this.#index.applySnapshot(entry, header.seq, reference);
    const broken = this.#broken.get(entry.id);
    if (broken !== undefined && broken.seq <= header.seq) this.#broken.delete(entry.id);
  }

  #applyDamage(segmentId: number, scan: SegmentScan): void {
    const { damaged: header, offset } = scan;
    if (header !== undefined && ownTypes.has(header.type)) {
      const text = `a record of segment ${segmentId} about itself (type ${header.type}) is damaged; no document needs it`;
      this.problems.push({ kind: "damaged_record", segmentId, offset, text });
      return;
    }
    const entry = header === undefined ? undefined : this.#index.byId(header.documentId);
    if (header === undefined || entry === undefined) {
      const text = `bytes ${offset} to ${scan.end} of segment ${segmentId} are unreadable`;
      this.problems.push({ kind: "unattributed_damage", segmentId, offset, text });
      return;
    }
    this.#applyDamageOf(entry, segmentId, offset, header);
  }

  #applyDamageOf(entry: DocumentEntry, segmentId: number, offset: number, header: DecodedHeader): void {
    const text = `the record of seq ${header.seq} is damaged (segment ${segmentId}, offset ${offset})`;
    this.#report("damaged_record", entry, segmentId, offset, text);
    switch (header.type) {
      case RecordType.key:
        return;
      case RecordType.epoch:
        // Only the owner's name is lost: the epoch itself is in the header, and it is what fences.
        if (header.epoch > entry.epoch) entry.epoch = header.epoch;
        entry.owner = undefined;
        return;
      case RecordType.base:
        if (header.epoch > entry.epoch) entry.epoch = header.epoch;
        this.#break(entry, header.seq, text);
        return;
      case RecordType.patch:
      case RecordType.timedPatch:
      case RecordType.deletion:
        if (header.seq <= entry.seq) return;
        this.#applyAppend(entry, segmentId, offset, header, undefined);
        this.#break(entry, header.seq, text);
        return;
      default:
        // Where its snapshot or patch went is unknown, and the old place may be gone.
        if (header.seq >= entry.baseSeq) this.#break(entry, header.seq, text);
    }
  }

  #break(entry: DocumentEntry, seq: number, text: string): void {
    const before = this.#broken.get(entry.id);
    this.#broken.set(entry.id, { seq: Math.max(seq, before?.seq ?? 0), text: before?.text ?? text });
  }

  #report(kind: LogProblem["kind"], entry: DocumentEntry, segmentId: number, offset: number, text: string): void {
    this.problems.push({ kind, segmentId, offset, document: entry.name, text });
  }
}
