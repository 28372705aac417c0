import type { DocumentName } from "@tidewire/foundation";
import type { SnapshotReference } from "../format/payloads.ts";
import type { RecordType } from "../format/record.ts";
import { PatchList } from "./patch-list.ts";
import type { PendingWrites } from "./pending-writes.ts";

/** An append as it can be recognised when it is repeated: by content, not by place. */
export interface AppendIdentity {
  readonly type: RecordType;
  readonly epoch: number;
  readonly seq: number;
  readonly span: number;
  readonly length: number;
  readonly payloadCrc: number;
}

type MutableIdentity = { -readonly [Field in keyof AppendIdentity]: AppendIdentity[Field] };

export interface StoredSnapshot extends SnapshotReference {
  readonly seq: number;
}

/**
 * What memory holds of one document at work: where its records are, and what decides who may write. Durable state only.
 * A document at rest is a row of `DocumentColumns`.
 */
export class DocumentEntry {
  readonly id: number;
  readonly name: DocumentName;
  /** Whether the record that ties the id to the name is on its way or on disk. */
  isNameLogged = false;
  epoch = 0;
  /** Who took the epoch, until it is released. */
  owner: string | undefined;
  seq = 0;
  isDeleted = false;
  wakeAt: number | undefined;
  snapshot: StoredSnapshot | undefined;
  /** After the snapshot, oldest first. Of a deleted document: the record of its deletion, while that is kept. */
  readonly patches = new PatchList();
  /** Where the kept history begins when there is no snapshot: 0, or the seq of the last deletion. */
  emptySeq = 0;
  #lastAppend: MutableIdentity | undefined;
  /** Why the document cannot be served: part of its log is unreadable. */
  damage: string | undefined;
  /** What is written but not durable yet. */
  pending: PendingWrites | undefined;
  /** Asked for since it was last considered for rest. */
  isRecent = false;

  constructor(id: number, name: DocumentName) {
    this.id = id;
    this.name = name;
  }

  /** The newest append, to recognise it by. Only for as long as this turn: the next one is written over it. */
  get lastAppend(): AppendIdentity | undefined {
    return this.#lastAppend;
  }

  /**
   * In place, once there is one: an append lives for milliseconds, but as the newest of its document long enough to reach
   * the old generation, and all of them were a fifth of what the whole heap was collected for.
   */
  set lastAppend(append: AppendIdentity | undefined) {
    const last = this.#lastAppend;
    if (last === undefined || append === undefined) {
      this.#lastAppend = append && identityOf(append);
      return;
    }
    last.type = append.type;
    last.epoch = append.epoch;
    last.seq = append.seq;
    last.span = append.span;
    last.length = append.length;
    last.payloadCrc = append.payloadCrc;
  }

  get baseSeq(): number {
    return this.snapshot?.seq ?? this.emptySeq;
  }

  get exists(): boolean {
    return this.seq > 0 && !this.isDeleted;
  }

  /** A snapshot can only stand where a record ends. */
  isBoundary(seq: number): boolean {
    return seq === this.baseSeq || this.patches.find(seq) !== undefined;
  }
}

export function sameAppend(a: AppendIdentity, b: AppendIdentity): boolean {
  return (
    a.type === b.type &&
    a.epoch === b.epoch &&
    a.seq === b.seq &&
    a.span === b.span &&
    a.length === b.length &&
    a.payloadCrc === b.payloadCrc
  );
}

function identityOf({ type, epoch, seq, span, length, payloadCrc }: AppendIdentity): MutableIdentity {
  return { type, epoch, seq, span, length, payloadCrc };
}
