import type { DocumentInstance, DocumentPatch } from "@tidewire/document";
import type { OpenedLog } from "@tidewire/log-engine";
import { type CopyAllowance, DurableCopy } from "./durable-copy.ts";
import { LogTail, type SnapshotPolicy } from "./log-tail.ts";

/** A document in memory under one epoch: the live instance, and what is known of its log. */
export class DocumentCopy {
  readonly instance: DocumentInstance;
  readonly epoch: number;
  readonly tail: LogTail;
  readonly durable: DurableCopy;
  #durableSeq: number;

  constructor(
    instance: DocumentInstance,
    opened: OpenedLog,
    allowance: CopyAllowance,
    options: SnapshotPolicy & { readonly durableCopyMaxBytes: number },
  ) {
    this.instance = instance;
    this.epoch = opened.epoch;
    this.#durableSeq = opened.seq;
    this.tail = new LogTail(opened, options);
    this.durable = new DurableCopy(opened, allowance, options.durableCopyMaxBytes);
  }

  /** Head of the log as far as this owner knows. */
  get durableSeq(): number {
    return this.#durableSeq;
  }

  appended(patch: DocumentPatch): void {
    this.#durableSeq = patch.toSeq;
    if (patch.deletes) this.tail.deleted();
    else this.tail.appended(patch.data.length);
    this.durable.appended(patch.toSeq, patch.data, patch.deletes);
  }
}
