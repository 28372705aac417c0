import type { OpenedLog } from "@tidewire/log-engine";

export interface SnapshotPolicy {
  readonly snapshotTailPatches: number;
  readonly snapshotTailMinBytes: number;
}

/** How much of a document's log lies after its last snapshot, and whether a new one is worth its bytes. */
export class LogTail {
  readonly #policy: SnapshotPolicy;
  #patches: number;
  #bytes: number;
  #snapshotBytes: number;

  constructor(opened: OpenedLog, policy: SnapshotPolicy) {
    this.#policy = policy;
    this.#patches = opened.patches.length;
    this.#bytes = opened.patches.reduce((sum, patch) => sum + patch.data.length, 0);
    this.#snapshotBytes = opened.snapshot?.data.length ?? 0;
  }

  /** The rule doubles what is written at most: a snapshot is paid for by as many bytes of patches. */
  get isLong(): boolean {
    const { snapshotTailPatches, snapshotTailMinBytes } = this.#policy;
    return this.#patches >= snapshotTailPatches || this.#bytes >= Math.max(this.#snapshotBytes, snapshotTailMinBytes);
  }

  /** Before a hand-over a quarter of a long tail is enough: the next owner reads it while viewers wait. */
  get isWorthAHandOver(): boolean {
    return this.#patches * 4 >= this.#policy.snapshotTailPatches || (this.isLong && this.#patches > 0);
  }

  appended(bytes: number): void {
    this.#patches++;
    this.#bytes += bytes;
  }

  /** What the tail was when a snapshot was taken, to be handed to `snapshotWritten`. */
  mark(): { readonly patches: number; readonly bytes: number } {
    return { patches: this.#patches, bytes: this.#bytes };
  }

  snapshotWritten(mark: { readonly patches: number; readonly bytes: number }, snapshotBytes: number): void {
    // A deletion may have emptied the tail meanwhile.
    this.#patches = Math.max(0, this.#patches - mark.patches);
    this.#bytes = Math.max(0, this.#bytes - mark.bytes);
    this.#snapshotBytes = snapshotBytes;
  }

  deleted(): void {
    this.#patches = 0;
    this.#bytes = 0;
    this.#snapshotBytes = 0;
  }
}
