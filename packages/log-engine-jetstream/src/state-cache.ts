import type { DocumentState } from "./document-fold.ts";

/** Heads of documents as this process last saw them. Never the truth: a write that relies on one is checked by the stream. */
export class StateCache {
  readonly #max: number;
  /** In order of use. */
  readonly #states = new Map<string, DocumentState>();

  constructor(max: number) {
    this.#max = max;
  }

  get(path: string): DocumentState | undefined {
    return this.#states.get(path);
  }

  set(path: string, state: DocumentState): void {
    this.#states.delete(path);
    this.#states.set(path, state);
    if (this.#states.size <= this.#max) return;
    const [oldest] = this.#states.keys();
    if (oldest !== undefined) this.#states.delete(oldest);
  }

  forget(path: string): void {
    this.#states.delete(path);
  }
}
