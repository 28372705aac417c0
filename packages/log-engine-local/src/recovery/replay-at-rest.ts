import { locationOf } from "../format/location.ts";
import { decodeReference } from "../format/payloads.ts";
import { type DecodedHeader, RecordType, recordBytes } from "../format/record.ts";
import type { DocumentIndex } from "../index/document-index.ts";
import type { SegmentScan } from "./segment-scan.ts";

/**
 * The records there are most of (patches, epochs, references to snapshots), applied to the rows of documents at rest. An
 * entry for each document that a log mentions would be most of what a start spends its time on, and all of its garbage.
 */
export class ReplayAtRest {
  readonly #index: DocumentIndex;

  constructor(index: DocumentIndex) {
    this.#index = index;
  }

  /** `false`: nothing has changed; the document needs an entry for this record. */
  apply(scan: SegmentScan, segmentId: number): boolean {
    const { header } = scan;
    const { documentId: id, type, seq, epoch } = header;
    const { columns } = this.#index;
    if (!columns.has(id) || this.#index.isActive(id)) return false;
    switch (type) {
      case RecordType.patch:
        return seq <= columns.seq(id) || this.#extend(header, locationOf(segmentId, scan.offset));
      case RecordType.epoch:
        columns.setEpoch(id, epoch, header.length === 0 ? undefined : scan.payload.toString("utf8"));
        return true;
      case RecordType.snapshotReference:
        this.#refer(id, seq, scan.payload);
        return true;
      default:
        return false;
    }
  }

  #extend(header: DecodedHeader, location: number): boolean {
    const { columns, segments } = this.#index;
    const id = header.documentId;
    const before = columns.extend(id, header, location);
    if (before === -1) return false;
    segments.needs(location, recordBytes(header.length));
    if (before === 0) this.#index.adoptUnlisted(id);
    return true;
  }

  #refer(id: number, seq: number, payload: Buffer): void {
    const { columns, segments } = this.#index;
    const reference = decodeReference(payload);
    if (reference === undefined) return;
    const before = columns.snapshot(id);
    const { location, length, from } = reference;
    if (from !== undefined) {
      if (seq !== before?.seq || from !== before.location) return;
      columns.setSnapshot(id, { seq, location, length });
      segments.moves(from, location, recordBytes(length));
      return;
    }
    // Of the same seq: it was written twice.
    const isNews = seq > columns.baseSeq(id) || seq === before?.seq;
    if (isNews && seq <= columns.seq(id)) {
      columns.dropPatches(id, seq, (each, bytes) => segments.drops(each, recordBytes(bytes)));
      if (before !== undefined) segments.drops(before.location, recordBytes(before.length));
      columns.setSnapshot(id, { seq, location, length });
      segments.needs(location, recordBytes(length));
    }
  }
}
