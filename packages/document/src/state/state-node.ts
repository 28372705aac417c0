import { StateError } from "../author/state-error.ts";
import type { DocumentState } from "./document-state.ts";

/** Something in a list of changes: the elements of a container. */
export interface Changeable {
  $stamp: number;
  /** Seq of its creation; 0 until that is committed. */
  $born: number;
  $newer: Changeable | null;
  $older: Changeable | null;
}

/**
 * A place in a document's state. Members begin with `$`, which no field of an author does, because records mix them.
 */
export abstract class StateNode {
  // All are declared here and assigned in the constructor: with initializers, which define instead, V8 looks up every class
  // anew where there are more than four of them, and a record costs a microsecond.
  declare readonly $state: DocumentState;
  declare $parent: StateNode | null;
  /** The largest seq at which this or anything beneath it changed. */
  declare $stamp: number;
  /** False once removed, and for everything beneath what was removed. */
  declare $isLive: boolean;

  constructor(state: DocumentState, parent: StateNode | null) {
    this.$state = state;
    this.$parent = parent;
    this.$stamp = 0;
    this.$isLive = true;
  }

  /** State is copied field by field, on purpose: serialised whole it would carry what not everyone may see. */
  toJSON(): never {
    throw new StateError("state cannot be turned into JSON: copy the fields that are meant");
  }

  /** Stamps this and everything above, up to what already has `seq`. */
  $touch(seq: number): void {
    // oxlint-disable-next-line typescript/no-this-alias -- the walk starts here and goes up
    let node: StateNode = this;
    while (node.$stamp !== seq) {
      node.$stamp = seq;
      const parent: StateNode | null = node.$parent;
      if (parent === null) return;
      parent.$childTouched(node);
      node = parent;
    }
  }

  /** It changed and was removed in one transaction: stamps what was removed. A policy may be asked about it. */
  $touchGone(seq: number): void {
    this.$state.changedGoneSeq = seq;
    // oxlint-disable-next-line typescript/no-this-alias -- the walk starts here and goes up
    for (let node: StateNode | null = this; node !== null && !node.$isLive; node = node.$parent) node.$stamp = seq;
  }

  /** A child has a new stamp. */
  abstract $childTouched(child: StateNode): void;
  /** After a removal, or when it is taken back; reaches everything beneath. */
  abstract $setLive(isLive: boolean): void;
}
