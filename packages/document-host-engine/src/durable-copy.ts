import type { StoredDocument } from "@tidewire/document";
import type { OpenedLog } from "@tidewire/log-engine";

/** Bytes that the durable copies of all documents share. */
export class CopyAllowance {
  readonly #maxBytes: number;
  #usedBytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  take(bytes: number): boolean {
    if (this.#usedBytes + bytes > this.#maxBytes) return false;
    this.#usedBytes += bytes;
    return true;
  }

  giveBack(bytes: number): void {
    this.#usedBytes -= bytes;
  }
}

/**
 * The bytes of a document as the log has them: last snapshot and patches since. From them reads are served while memory is
 * ahead of a log that does not answer. Too large, or too much in all: it is given up until the next snapshot.
 */
export class DurableCopy {
  readonly #allowance: CopyAllowance;
  readonly #maxBytes: number;
  #snapshot: Uint8Array | undefined;
  #patches: { readonly seq: number; readonly data: Uint8Array }[] = [];
  #bytes = 0;
  #seq: number;
  #isDeleted: boolean;
  #isKept = true;
  #isClosed = false;
  #deletedSeq = 0;
  #deletion: Uint8Array | undefined;

  constructor(opened: OpenedLog, allowance: CopyAllowance, maxBytes: number) {
    this.#allowance = allowance;
    this.#maxBytes = maxBytes;
    this.#seq = opened.seq;
    this.#isDeleted = opened.isDeleted;
    this.#snapshot = opened.snapshot?.data;
    this.#patches = [...opened.patches];
    this.#deletion = opened.deletion?.data;
    this.#reserve(
      (this.#deletion?.length ?? 0) +
        (this.#snapshot?.length ?? 0) +
        this.#patches.reduce((sum, patch) => sum + patch.data.length, 0),
    );
  }

  get isKept(): boolean {
    return this.#isKept;
  }

  appended(seq: number, data: Uint8Array, deletes: boolean): void {
    this.#seq = seq;
    this.#isDeleted = deletes;
    if (deletes) {
      this.#deletedSeq = seq;
      this.#replace(undefined, [], data);
      return;
    }
    if (!this.#isKept) return;
    if (this.#deletion !== undefined) this.#replace(undefined, []);
    this.#patches.push({ seq, data });
    this.#reserve(data.length);
  }

  snapshotWritten(seq: number, data: Uint8Array): void {
    if (this.#isClosed || seq <= this.#deletedSeq) return;
    // A copy that was given up cannot know the patches after this snapshot, unless there are none.
    if (!this.#isKept && seq !== this.#seq) return;
    this.#replace(
      data,
      this.#patches.filter((patch) => patch.seq > seq),
    );
  }

  /** What a runtime opens; `undefined` if the copy was given up. */
  stored(): StoredDocument | undefined {
    if (!this.#isKept) return undefined;
    return {
      seq: this.#seq,
      isDeleted: this.#isDeleted,
      ...(this.#snapshot === undefined ? {} : { snapshot: this.#snapshot }),
      patches: this.#patches.map((patch) => patch.data),
      ...(this.#deletion === undefined ? {} : { deletion: this.#deletion }),
    };
  }

  /** The document is unloaded or reloaded. */
  close(): void {
    this.#isClosed = true;
    this.#giveUp();
  }

  #giveUp(): void {
    this.#allowance.giveBack(this.#bytes);
    this.#bytes = 0;
    this.#snapshot = undefined;
    this.#patches = [];
    this.#deletion = undefined;
    this.#isKept = false;
  }

  #replace(
    snapshot: Uint8Array | undefined,
    patches: { readonly seq: number; readonly data: Uint8Array }[],
    deletion?: Uint8Array,
  ): void {
    this.#allowance.giveBack(this.#bytes);
    this.#bytes = 0;
    this.#isKept = true;
    this.#snapshot = snapshot;
    this.#patches = patches;
    this.#deletion = deletion;
    this.#reserve(
      (deletion?.length ?? 0) + (snapshot?.length ?? 0) + patches.reduce((sum, patch) => sum + patch.data.length, 0),
    );
  }

  #reserve(bytes: number): void {
    if (this.#bytes + bytes > this.#maxBytes || !this.#allowance.take(bytes)) this.#giveUp();
    else this.#bytes += bytes;
  }
}
