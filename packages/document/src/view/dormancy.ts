import type { ViewedDocument } from "./document-views.ts";
import type { ViewClass } from "./view-class.ts";

/**
 * Which classes to look at after a delivery, whether their viewers may be dormant. Whoever is told something is owed a hash,
 * and so stays awake until the hash has gone, which is when it is looked at. Who woke and was told nothing is looked at as
 * rarely: a policy may have to be asked for everybody with every commit.
 */
export class Dormancy {
  readonly #document: ViewedDocument;
  /** What policies and views remember of other records, and what views gave, is more than is worth forgetting. */
  readonly #mayRest: boolean;
  #settled: ViewClass[] = [];
  #woken: ViewClass[] = [];
  #wokenDueAt = 0;

  constructor(document: ViewedDocument) {
    const { guards, slots, hasWideGuards } = document.schema;
    this.#document = document;
    this.#mayRest = guards.length > 0 && slots.length === 0 && !hasWideGuards;
  }

  hashSent(viewClass: ViewClass): void {
    if (this.#mayRest) this.#settled.push(viewClass);
  }

  woke(viewClass: ViewClass): void {
    this.#woken.push(viewClass);
  }

  isDue(now: number): boolean {
    return this.#settled.length > 0 || (this.#woken.length > 0 && now >= this.#wokenDueAt);
  }

  take(now: number): readonly ViewClass[] {
    const drowsy = this.#settled;
    this.#settled = [];
    if (now < this.#wokenDueAt) return drowsy;
    for (const viewClass of this.#woken) drowsy.push(viewClass);
    this.#woken = [];
    this.#wokenDueAt = now + this.#document.limits.hashIntervalMs;
    return drowsy;
  }
}
