import { documentPath } from "@tidewire/foundation";
import type { DueDocument } from "@tidewire/log-engine";
import type { DueTimers } from "./due-timers.ts";
import type { Layout } from "./layout.ts";
import type { Listing } from "./listing.ts";

export interface DueScanModules {
  readonly due: DueTimers;
  readonly listing: Listing;
  readonly layout: Layout;
}

/** Asks the log about the entries whose time has come, and puts those right that say something else. */
export class DueScan {
  readonly #modules: DueScanModules;

  constructor(modules: DueScanModules) {
    this.#modules = modules;
  }

  async due(before: number, limit: number): Promise<DueDocument[]> {
    const { due, listing, layout } = this.#modules;
    const found: DueDocument[] = [];
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
        if (head.wakeAt !== entry.at) await due.settle(entry, layout.places(entry.document).dueSubject, head);
      }
      found.sort(compareDue);
    }
    const distinct = new Map(found.map((each) => [documentPath(each.document), each]));
    return [...distinct.values()].slice(0, limit);
  }
}

function isComplete(found: readonly DueDocument[], limit: number, nextAt: number): boolean {
  const last = found[limit - 1];
  return last !== undefined && last.wakeAt <= nextAt;
}

function compareDue(a: DueDocument, b: DueDocument): number {
  if (a.wakeAt !== b.wakeAt) return a.wakeAt - b.wakeAt;
  return documentPath(a.document) < documentPath(b.document) ? -1 : 1;
}
