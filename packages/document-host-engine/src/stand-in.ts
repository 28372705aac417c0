import type { DocumentInstance, DocumentRuntime } from "@tidewire/document";
import type { DocumentName } from "@tidewire/foundation";
import type { DocumentCopy } from "./document-copy.ts";
import type { DocumentTurn } from "./document-turn.ts";
import { type TurnParts, workOnStandIn } from "./turn-phases.ts";

/** A second instance in durable state, built when the log is away and memory is ahead of it. Serves reads until then. */
export class StandIn {
  readonly #runtime: DocumentRuntime;
  readonly #document: DocumentName;
  #instance: DocumentInstance | undefined;
  #isBroken = false;

  constructor(runtime: DocumentRuntime, document: DocumentName) {
    this.#runtime = runtime;
    this.#document = document;
  }

  get isInUse(): boolean {
    return this.#instance !== undefined;
  }

  /** Whether there is one, or could be. */
  canServe(copy: DocumentCopy): boolean {
    return !this.#isBroken && (this.#instance !== undefined || copy.durable.isKept);
  }

  /** Part of a turn: runs document code. */
  work(turn: DocumentTurn, copy: DocumentCopy, parts: TurnParts): void {
    if (!this.canServe(copy)) return;
    const stored = this.#instance === undefined ? copy.durable.stored() : undefined;
    if (stored !== undefined) this.#instance = turn.open(this.#runtime, this.#document, stored);
    if (this.#instance !== undefined) workOnStandIn(turn, this.#instance, parts);
  }

  /** Its code was cut off: this outage goes on without one. */
  broke(): void {
    this.#instance = undefined;
    this.#isBroken = true;
  }

  reset(): void {
    this.#instance = undefined;
    this.#isBroken = false;
  }
}
