import type { Audience } from "../runtime/runtime.ts";
import type { ViewerHandle } from "./viewer-handle.ts";

/** Viewers are looked through by blocks of 64. */
const blockBits = 6;
const nobody: readonly ViewerHandle[] = [];
const nowhere: readonly number[] = [];
/** More changes than this beyond the number of viewers are not worth telling one by one. */
const changesMin = 64;

/**
 * The members of a group that are sent its frames, in no order. A frame for all of them touches none of them: what is known
 * is the least number of a frame at which somebody's credit ends, overall and for each block, as lower bounds. Credit that
 * grows leaves a bound behind, which costs one look at a block when the frames come to it.
 */
export class Roster implements Audience {
  viewers: ViewerHandle[] = [];
  #least = Infinity;
  /** By block; only where there are several. */
  #floors: number[] | undefined = undefined;
  /** `undefined`: nobody asks, or too many to tell. */
  #changes: number[] | undefined = undefined;

  get size(): number {
    return this.viewers.length;
  }

  add(viewer: ViewerHandle): void {
    const position = this.viewers.length;
    viewer.position = position;
    // Most groups have one member, and a list that grows takes room for seventeen.
    if (position === 0) this.viewers = [viewer];
    else this.viewers.push(viewer);
    this.#lower(viewer);
    this.#changed(position);
  }

  remove(viewer: ViewerHandle): void {
    const { position } = viewer;
    const last = this.viewers.pop()!;
    if (last !== viewer) {
      this.viewers[position] = last;
      last.position = position;
      this.#lower(last);
    }
    this.#changed(position);
  }

  /** Its credit ends earlier than it did. */
  lowered(viewer: ViewerHandle): void {
    this.#lower(viewer);
  }

  /** Those whose credit has ended with the frame of this number. */
  drained(frames: number): readonly ViewerHandle[] {
    if (this.#least > frames) return nobody;
    const drained: ViewerHandle[] = [];
    let least = Infinity;
    for (let from = 0; from < this.viewers.length; from += 1 << blockBits) {
      let floor = this.#floors?.[from >> blockBits] ?? this.#least;
      if (floor <= frames) {
        floor = this.#drainBlock(from, frames, drained);
        if (this.#floors !== undefined) this.#floors[from >> blockBits] = floor;
      }
      if (floor < least) least = floor;
    }
    this.#least = least;
    return drained;
  }

  takeChanges(): readonly number[] | undefined {
    const changes = this.#changes;
    if (changes?.length === 0) return nowhere;
    this.#changes = [];
    return changes;
  }

  #drainBlock(from: number, frames: number, drained: ViewerHandle[]): number {
    let floor = Infinity;
    const to = Math.min(this.viewers.length, from + (1 << blockBits));
    for (let position = from; position < to; position++) {
      const viewer = this.viewers[position]!;
      if (viewer.until <= frames) drained.push(viewer);
      else if (viewer.until < floor) floor = viewer.until;
    }
    return floor;
  }

  #lower({ position, until }: ViewerHandle): void {
    const block = position >> blockBits;
    if (block > 0) this.#floors ??= [this.#least];
    if (until < this.#least) this.#least = until;
    if (this.#floors !== undefined) this.#floors[block] = Math.min(this.#floors[block] ?? Infinity, until);
  }

  #changed(position: number): void {
    if (this.#changes === undefined) return;
    if (this.#changes.length >= this.viewers.length + changesMin) this.#changes = undefined;
    else this.#changes.push(position);
  }
}
