import type { DocumentName } from "@tidewire/foundation";

export type FenceListener = (document: DocumentName, epoch: number) => void;

/** Who wants to hear that a document was taken from an owner. Shared by the engines. */
export class FenceWatchers {
  readonly #byOwner = new Map<string, Set<FenceListener>>();

  watch(owner: string, listener: FenceListener): () => void {
    // A wrapper of its own, so that one listener may watch twice and stop once.
    const entry: FenceListener = (document, epoch) => listener(document, epoch);
    const listeners = this.#byOwner.get(owner) ?? new Set();
    this.#byOwner.set(owner, listeners.add(entry));
    return () => {
      listeners.delete(entry);
      if (listeners.size === 0 && this.#byOwner.get(owner) === listeners) this.#byOwner.delete(owner);
    };
  }

  /** Listeners run in a microtask, so that a throwing one cannot break the `open` that caused it. */
  notify(owner: string, document: DocumentName, epoch: number): void {
    const listeners = this.#byOwner.get(owner);
    for (const listener of listeners ?? []) {
      queueMicrotask(() => {
        if (listeners?.has(listener)) listener(document, epoch);
      });
    }
  }
}
