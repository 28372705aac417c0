import { type Changeable, StateNode } from "./state-node.ts";

/** That something was removed, for those who may still hold it. */
export interface Tombstone<Element> {
  readonly seq: number;
  readonly key: string;
  readonly element: Element;
}

/**
 * Elements that change one by one. Two lists make "what changed since" cheap whatever the number of elements: the live
 * ones by time of their last change, newest first, and the removals, oldest first.
 */
export abstract class ContainerNode<Element extends Changeable> extends StateNode {
  $newest: Element | null = null;
  readonly $tombstones: Tombstone<Element>[] = [];
  /** Removals up to here may have been forgotten. */
  $horizon = 0;
  /** Seq of the newest removal that is forgotten; 0 if none is. Unlike the horizon it outlives the memory. */
  $forgottenSeq = 0;
  /** Seq of the last removal; 0 if there was none. */
  $removedSeq = 0;

  /** Moves an element to the front of the changes; links it if it is new. */
  $promote(element: Element): void {
    const { $newest: newest } = this;
    if (newest === element) return;
    const { $newer: newer, $older: older } = element;
    if (newer !== null) newer.$older = older;
    if (older !== null) older.$newer = newer;
    element.$newer = null;
    element.$older = newest;
    if (newest !== null) newest.$newer = element;
    this.$newest = element;
  }

  $unlink(element: Element): void {
    const { $newer: newer, $older: older } = element;
    if (newer !== null) newer.$older = older;
    else if (this.$newest === element) this.$newest = older as Element | null;
    if (older !== null) older.$newer = newer;
    element.$newer = null;
    element.$older = null;
  }

  /** For a removal that is committed. */
  $bury(key: string, element: Element, seq: number): void {
    this.$unlink(element);
    this.$tombstones.push({ seq, key, element });
    this.$removedSeq = seq;
    const { tombstonesMax } = this.$state.limits;
    // Twice the bound before half is dropped, so that each is moved once.
    if (this.$tombstones.length >= tombstonesMax * 2) this.#forget(this.$tombstones.length - tombstonesMax);
  }

  /** The newest removal under this key, if it is after `after`, was at `seq`. */
  $restampTombstone(key: string, after: number, seq: number): void {
    const index = this.$tombstones.findLastIndex((tombstone) => tombstone.key === key);
    if (index < this.$tombstonesAfter(after)) return;
    const [tombstone] = this.$tombstones.splice(index, 1);
    this.$restoreTombstone(key, tombstone!.element, seq);
  }

  /** What was removed last under this key, if that was after `after`. */
  $tombstoneOf(key: string, after: number): Element | undefined {
    return this.$tombstones.findLast((tombstone) => tombstone.key === key && tombstone.seq > after)?.element;
  }

  /** For a removal that the log tells of. */
  $restoreTombstone(key: string, element: Element, seq: number): void {
    this.$tombstones.push({ seq, key, element });
    this.$tombstones.sort((a, b) => a.seq - b.seq);
    this.$removedSeq = this.$tombstones.at(-1)!.seq;
  }

  #forget(count: number): void {
    const { loggedSeq } = this.$state;
    let dropped = 0;
    while (dropped < count && this.$tombstones[dropped]!.seq <= loggedSeq) {
      const { seq, element } = this.$tombstones[dropped]!;
      this.$horizon = seq;
      this.$forgottenSeq = seq;
      this.$forgotten(element);
      dropped++;
    }
    this.$tombstones.splice(0, dropped);
  }

  /** No viewer is brought over the removal of `element` by a delta any more. */
  abstract $forgotten(element: Element): void;

  /** Position of the first removal after `seq`. */
  $tombstonesAfter(seq: number): number {
    let index = this.$tombstones.length;
    while (index > 0 && this.$tombstones[index - 1]!.seq > seq) index--;
    return index;
  }
}
