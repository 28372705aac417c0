import { ListNode } from "./list-node.ts";
import { MapNode } from "./map-node.ts";
import type { AnyContainer } from "./new-container.ts";

/** Elements that were stored and that their container cannot hold. */
export interface LostElements {
  /** As their author would write it: `doc.points.get("ann")`, or `doc.tags` for all that was stored there. */
  readonly path: string;
  /** Types only: texts of errors are no place for state. */
  readonly stored: string;
}

interface Loss extends LostElements {
  readonly container: AnyContainer;
  /** Of one element; undefined for all of a container. */
  readonly key: string | undefined;
}

export interface Unsettled {
  readonly first: LostElements;
  readonly count: number;
}

/**
 * What a document lost when it took on a newer shape, until its migration says what becomes of it: gives the element or the
 * container something, or removes what is not there (`delete`, `clear`).
 */
export class LossLedger {
  readonly #losses: Loss[] = [];
  /** Whose elements were removed as a whole, though there may have been none. */
  readonly #cleared = new Set<AnyContainer>();
  readonly #deleted = new Map<AnyContainer, Set<string>>();

  lose(container: AnyContainer, key: string | undefined, path: string, stored: string): void {
    this.#losses.push({ container, key, path, stored });
  }

  deleted(container: AnyContainer, key: string): void {
    const keys = this.#deleted.get(container);
    if (keys === undefined) this.#deleted.set(container, new Set([key]));
    else keys.add(key);
  }

  cleared(container: AnyContainer): void {
    this.#cleared.add(container);
  }

  /** The first loss of which nothing was said, and how many there are. */
  unsettled(): Unsettled | undefined {
    const open = this.#losses.filter((loss) => !this.#isSettled(loss));
    return open.length === 0 ? undefined : { first: open[0]!, count: open.length };
  }

  #isSettled({ container, key }: Loss): boolean {
    if (!container.$isLive || this.#cleared.has(container)) return true;
    if (key !== undefined && container instanceof MapNode) {
      return container.has(key) || this.#deleted.get(container)?.has(key) === true;
    }
    return container instanceof ListNode ? container.length > 0 : container.size > 0;
  }
}
