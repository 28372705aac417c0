import { type DocumentName, documentPath } from "@tidewire/foundation";

interface HeldEpoch {
  readonly document: DocumentName;
  readonly epoch: number;
}

/** Which documents each watching owner has opened and neither released nor lost, as far as this end of the link knows. */
export class HeldEpochs {
  readonly #byOwner = new Map<string, Map<string, HeldEpoch>>();

  opened(owner: string, document: DocumentName, epoch: number): void {
    const held = this.#byOwner.get(owner) ?? new Map<string, HeldEpoch>();
    const path = documentPath(document);
    const before = held.get(path);
    // Answers may overtake each other.
    if (before === undefined || before.epoch < epoch) held.set(path, { document, epoch });
    this.#byOwner.set(owner, held);
  }

  released(document: DocumentName, epoch: number): void {
    const path = documentPath(document);
    for (const held of this.#byOwner.values()) {
      const entry = held.get(path);
      if (entry !== undefined && entry.epoch <= epoch) held.delete(path);
    }
  }

  /** Another owner took the document. False if this is no news: the epoch held is as new. */
  lost(owner: string, document: DocumentName, epoch: number): boolean {
    const held = this.#byOwner.get(owner);
    const path = documentPath(document);
    const entry = held?.get(path);
    if (entry !== undefined && entry.epoch >= epoch) return false;
    held?.delete(path);
    return true;
  }

  forget(owner: string): void {
    this.#byOwner.delete(owner);
  }

  /** What an owner holds now, in pieces of at most `size`. */
  *chunks(owner: string, size: number): Generator<readonly HeldEpoch[]> {
    const held = [...(this.#byOwner.get(owner)?.values() ?? [])];
    for (let from = 0; from < held.length; from += size) yield held.slice(from, from + size);
  }
}
