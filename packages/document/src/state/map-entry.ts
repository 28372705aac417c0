import { sameJson } from "../author/scalar-check.ts";
import type { MapNode } from "./map-node.ts";
import type { Trackable } from "./read-tracker.ts";
import { elementBytes, scalarBytes } from "./sizes.ts";
import type { Changeable } from "./state-node.ts";
import type { Undoable } from "./undo-log.ts";

const changed = 0;

/** A scalar in a map. */
export class MapEntry implements Changeable, Undoable, Trackable {
  readonly $parent: MapNode;
  readonly $key: string;
  $value: unknown;
  $stamp = 0;
  $born = 0;
  $newer: Changeable | null = null;
  $older: Changeable | null = null;
  $isLive = true;
  #isDirty = false;

  constructor(parent: MapNode, key: string, value: unknown) {
    this.$parent = parent;
    this.$key = key;
    this.$value = value;
  }

  /** `value` is checked. */
  $assign(value: unknown): void {
    if (value === this.$value) return;
    const { $state: state } = this.$parent;
    if (!this.#isDirty) {
      state.log(this, changed, this.$value);
      this.#isDirty = true;
    }
    const before = this.$bytes();
    this.$value = value;
    state.bytes += this.$bytes() - before;
  }

  $commitNew(seq: number): void {
    this.$born = seq;
    this.$stamp = seq;
  }

  /** For the log, which knows that it changed even if its value did not. */
  $restamp(seq: number): void {
    if (this.$born === 0) return;
    this.$stamp = seq;
    this.$parent.$promote(this);
    this.$parent.$touch(seq);
  }

  $setLive(isLive: boolean): void {
    this.$isLive = isLive;
  }

  $bytes(): number {
    return elementBytes + this.$key.length + scalarBytes(this.$parent.$field.node.element!.kind, this.$value);
  }

  undo(_code: number, old: unknown): void {
    this.$value = old;
    this.#isDirty = false;
  }

  commit(_code: number, old: unknown, seq: number): boolean {
    this.#isDirty = false;
    if (!this.$isLive || old === this.$value || sameJson(old, this.$value)) return false;
    this.$stamp = seq;
    this.$parent.$promote(this);
    this.$parent.$touch(seq);
    return true;
  }
}
