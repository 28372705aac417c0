import type { StateNode } from "./state-node.ts";

/** Anything whose reading can be remembered: it has a stamp, and dies. */
export interface Trackable {
  readonly $stamp: number;
  readonly $isLive: boolean;
  readonly $parent: StateNode | null;
}

/** More single things than this from anywhere are remembered as the containers they are in. */
const singlesMax = 16;

/** What a policy, view or computed value read, and whether any of it has changed since. */
export class ReadTracker {
  /**
   * Most policies read nothing but their record, and most views one index: a set for it alone takes 230 bytes, of each
   * viewer where all differ.
   */
  #nodes: Set<Trackable> | Trackable | null = null;
  #isCollapsed = false;
  /** Whether it read who is connected. */
  readsPresence = false;
  /** The record a policy guards: it is looked at again whenever it changes, so reading it is no dependency. */
  own: Trackable | null = null;
  /** Which fields of that record it read, by bit; -1: any. Its answer is as old as they are, if nothing else has changed. */
  ownFields = 0;

  /** A field of a record whose own stamp moves with everything beneath it. */
  sawField(record: Trackable & { $cell(index: number): Trackable }, index: number): void {
    if (record === this.own) this.ownFields |= fieldBit(index);
    else this.saw(record.$cell(index));
  }

  /** A field of a record that holds nothing but fields. */
  sawLeaf(record: Trackable, index: number): void {
    if (record === this.own) this.ownFields |= fieldBit(index);
    else this.saw(record);
  }

  saw(node: Trackable): void {
    if (this.own !== null && this.#isOwn(node)) {
      if (node !== this.own) this.ownFields = -1;
      return;
    }
    const parent = node.$parent;
    if (parent !== null && this.#has(parent)) return;
    if (this.#isCollapsed && parent !== null && parent.$parent !== null) {
      this.#add(parent);
      return;
    }
    this.#add(node);
    const nodes = this.#nodes;
    if (nodes instanceof Set && nodes.size > singlesMax && !this.#isCollapsed) this.#collapse(nodes);
  }

  /** Adds what another evaluation saw. */
  merge(other: ReadTracker): void {
    for (const node of other.nodes) this.saw(node);
    if (other.readsPresence) this.readsPresence = true;
  }

  hasChangedSince(seq: number): boolean {
    const nodes = this.#nodes;
    if (nodes === null) return false;
    if (!(nodes instanceof Set)) return hasChanged(nodes, seq);
    for (const node of nodes) if (hasChanged(node, seq)) return true;
    return false;
  }

  /** The newest change among what was read. */
  newestStamp(): number {
    const nodes = this.#nodes;
    if (nodes === null) return 0;
    if (!(nodes instanceof Set)) return nodes.$stamp;
    let newest = 0;
    for (const node of nodes) if (node.$stamp > newest) newest = node.$stamp;
    return newest;
  }

  get nodes(): Iterable<Trackable> {
    const nodes = this.#nodes;
    if (nodes === null) return [];
    return nodes instanceof Set ? nodes : [nodes];
  }

  /** To be used again, for another evaluation. */
  reset(): void {
    this.#nodes = null;
    this.#isCollapsed = false;
    this.readsPresence = false;
    this.ownFields = 0;
  }

  #isOwn(node: Trackable): boolean {
    for (let place: Trackable | null = node; place !== null; place = place.$parent) if (place === this.own) return true;
    return false;
  }

  #has(node: Trackable): boolean {
    const nodes = this.#nodes;
    return nodes instanceof Set ? nodes.has(node) : nodes === node;
  }

  #add(node: Trackable): void {
    const nodes = this.#nodes;
    if (nodes === null) this.#nodes = node;
    else if (nodes instanceof Set) nodes.add(node);
    else if (nodes !== node) this.#nodes = new Set([nodes, node]);
  }

  /** Keeps the set small: a container changes whenever something in it does. */
  #collapse(singles: Set<Trackable>): void {
    this.#isCollapsed = true;
    this.#nodes = null;
    for (const node of singles) this.saw(node);
  }
}

function hasChanged({ $stamp, $isLive }: Trackable, seq: number): boolean {
  return $stamp > seq || !$isLive;
}

/** One for each of the first fields, all of them for any other. */
export function fieldBit(index: number): number {
  return index < 31 ? 1 << index : -1;
}
