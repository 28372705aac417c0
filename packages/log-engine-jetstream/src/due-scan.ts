import { compareNames, type DueDocument, type LogHead } from "@tidewire/log-engine";
import type { DueEntry } from "./due-entries.ts";
import type { DueTimers } from "./due-timers.ts";
import type { Layout } from "./layout.ts";
import type { Listing } from "./listing.ts";

export interface DueScanModules {
  readonly due: DueTimers;
  readonly listing: Listing;
  readonly layout: Layout;
}

/** Each reads the entries that memory had no room for; see `dueEntriesMax`. */
const ROUNDS_MAX = 16;

/** Asks the log about the entries whose time has come, and puts those right that say something else. */
export class DueScan {
  readonly #modules: DueScanModules;

  constructor(modules: DueScanModules) {
    this.#modules = modules;
  }

  async due(before: number, limit: number): Promise<DueDocument[]> {
    const { due } = this.#modules;
    for (let round = 0; ; round++) {
      const found = await this.#scan(before, limit);
      const isFull = found.length >= limit || round === ROUNDS_MAX;
      if (isFull || !(await due.refill(before))) return found.slice(0, limit);
    }
  }

  async #scan(before: number, limit: number): Promise<DueDocument[]> {
    const { due, listing, layout } = this.#modules;
    const found: DueDocument[] = [];
    const wrong: { readonly entry: DueEntry; readonly head: LogHead }[] = [];
    for (let offset = 0; ; ) {
      const entries = await due.before(before, offset, limit);
      // An entry is never later than its timer: with enough timers before the next entry the page is complete.
      if (entries.length === 0 || isComplete(found, limit, entries[0]?.at ?? 0)) break;
      const heads = await listing.heads(entries.map((entry) => entry.document));
      offset += entries.length;
      for (const [index, entry] of entries.entries()) {
        const head = heads[index]!;
        if (head.wakeAt !== undefined && head.wakeAt < before)
          found.push({ document: entry.document, wakeAt: head.wakeAt });
        if (head.wakeAt !== entry.at) wrong.push({ entry, head });
      }
      found.sort(compareDue);
    }
    // Only now: the entries move.
    for (const { entry, head } of wrong) await due.settle(entry, layout.places(entry.document).dueSubject, head);
    return found;
  }
}

function isComplete(found: readonly DueDocument[], limit: number, nextAt: number): boolean {
  const last = found[limit - 1];
  return last !== undefined && last.wakeAt <= nextAt;
}

function compareDue(a: DueDocument, b: DueDocument): number {
  return a.wakeAt - b.wakeAt || compareNames(a.document, b.document);
}
