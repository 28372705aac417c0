import type { Principal } from "@tidewire/foundation";
import type { DocumentPresence } from "../author/context.ts";
import { StateError } from "../author/state-error.ts";
import { LimitError } from "./limit-error.ts";
import type { LossLedger } from "./lost-elements.ts";
import { PrincipalTable } from "./principals.ts";
import type { ReadTracker } from "./read-tracker.ts";
import type { RecordNode } from "./record-node.ts";
import { type Undoable, UndoLog } from "./undo-log.ts";

export interface StateLimits {
  /** Of the whole state, estimated: what a document costs in memory is about twice this. */
  readonly stateMaxBytes: number;
  /** Changes of one transaction. */
  readonly writesMax: number;
  /** Elements of a list of scalars, which travels whole. */
  readonly listItemsMax: number;
  /** Removals a container remembers; a viewer that is further behind gets a snapshot. */
  readonly tombstonesMax: number;
}

export interface RootExtras {
  readonly presence: DocumentPresence;
  computed(index: number): unknown;
}

/** Where a part of a transaction began. */
export interface Savepoint {
  readonly length: number;
  readonly bytes: number;
}

/**
 * What all nodes of one document share: the open transaction, who watches reads, and the sizes. Writes go to the nodes at
 * once and to the undo log before that; stamps and change lists are only touched by `commit`, so a rollback never sees them.
 */
export class DocumentState {
  readonly limits: StateLimits;
  readonly principals = new PrincipalTable();
  root!: RecordNode;
  /** True only while a transaction of this document runs: a record kept for later refuses. */
  isWriting = false;
  /** Set while a policy, a view or a computed value runs. */
  tracker: ReadTracker | null = null;
  /** Computed values and presence: what the root shows beside its fields. */
  extras: RootExtras | undefined;
  /** While the log is read nothing is refused for its size: it was accepted once. */
  isRestoring = false;
  /** Set while a migration runs: containers tell it of removals, also of what is not there. */
  losses: LossLedger | undefined;
  /** The open transaction has written some field twice: it may hold again what it held before. */
  hasRewrites = false;
  bytes = 0;
  /** What the open transaction will be stamped with. */
  transactionSeq = 0;
  /** Up to where the log knows: newer tombstones must stay until they are in a patch. */
  loggedSeq = 0;
  /** Of the last move in a table of which viewers see different records. */
  movedSeq = 0;
  /** Of the last change of a record that was removed in the same transaction. */
  changedGoneSeq = 0;
  #startBytes = 0;
  readonly #undo = new UndoLog();
  readonly #slots: SlotAllocator[] = [];

  constructor(limits: StateLimits) {
    this.limits = limits;
  }

  begin(seq: number): void {
    if (this.isWriting) throw new Error("a transaction is already open");
    this.transactionSeq = seq;
    this.#startBytes = this.bytes;
    this.hasRewrites = false;
    this.isWriting = true;
  }

  get hasWrites(): boolean {
    return this.#undo.length > 0;
  }

  /** Returns whether anything changed. */
  commit(): boolean {
    this.isWriting = false;
    return this.#undo.commit(this.transactionSeq);
  }

  /** Takes back the whole transaction. */
  rollback(): void {
    this.#undo.undoTo(0);
    this.bytes = this.#startBytes;
    this.isWriting = false;
  }

  /** Takes back what happened after `savepoint`; the transaction goes on. */
  rollbackTo(savepoint: Savepoint): void {
    this.#undo.undoTo(savepoint.length);
    this.bytes = savepoint.bytes;
  }

  savepoint(): Savepoint {
    return { length: this.#undo.length, bytes: this.bytes };
  }

  /** Runs document code that must not write, also inside a transaction. */
  readOnly<Result>(read: () => Result): Result {
    const wasWriting = this.isWriting;
    this.isWriting = false;
    try {
      return read();
    } finally {
      this.isWriting = wasWriting;
    }
  }

  /** Call before the write. */
  log(target: Undoable, code: number, old: unknown): void {
    if (this.#undo.length >= this.limits.writesMax && !this.isRestoring)
      throw new LimitError("writesMax", this.limits.writesMax);
    this.#undo.push(target, code, old);
  }

  /** Throws unless `isLive` state of this document may be written now. */
  assertWritable(isLive: boolean): void {
    if (!this.isWriting) throw new StateError("state can only be changed while a handler of its document runs");
    if (!isLive) throw new StateError("this was removed from the document");
  }

  intern(principal: unknown): Principal {
    return this.principals.intern(principal as Principal);
  }

  slotsOf(typeIndex: number): SlotAllocator {
    return (this.#slots[typeIndex] ??= new SlotAllocator());
  }
}

/** Small numbers for records with policies: where their bits are. */
export class SlotAllocator {
  readonly #free: number[] = [];
  #next = 0;

  take(): number {
    return this.#free.pop() ?? this.#next++;
  }

  give(slot: number): void {
    this.#free.push(slot);
  }
}
