import type { Audience } from "../runtime/runtime.ts";
import type { ViewerHandle } from "./viewer-handle.ts";

/** Viewers are looked through by blocks of 64. */
const blockBits = 6;
const nobody: readonly ViewerHandle[] = [];
const nowhere: readonly number[] = [];
/** More changes than this beyond the number of viewers are not worth telling one by one. */
const changesMin = 64;
/** As a bound: nobody's credit ends. A lower one is never wrong, and this is the largest that takes no room of its own. */
const never = 2 ** 31 - 1;

/**
 * The members of a group that are sent its frames, in no order. A frame for all of them touches none of them: what is known
 * is the least number of a frame at which somebody's credit ends, overall and for each block, as lower bounds. Credit that
 * grows leaves a bound behind, which costs one look at a block when the frames come to it.
 *
 * Many groups have one member, so one is kept without a list. And there are no methods of `#name`: for those V8 keeps a mark
 * of eight bytes in each object.
 */
export class Roster implements Audience {
  #ready: ViewerHandle | ViewerHandle[] | undefined = undefined;
  #least = never;
  /** By block; only where there are several. */
  #floors: number[] | undefined = undefined;
  /** `undefined`: nobody asks, or too many to tell. */
  #changes: number[] | undefined = undefined;

  /** Where there is one viewer, a list of its own. */
  get viewers(): readonly ViewerHandle[] {
    const ready = this.#ready;
    if (ready === undefined) return nobody;
    return Array.isArray(ready) ? ready : [ready];
  }

  get readyCount(): number {
    const ready = this.#ready;
    if (ready === undefined) return 0;
    return Array.isArray(ready) ? ready.length : 1;
  }

  isReady(viewer: ViewerHandle): boolean {
    const ready = this.#ready;
    return Array.isArray(ready) ? ready[viewer.position] === viewer : ready === viewer;
  }

  listReady(list: ViewerHandle[]): void {
    const ready = this.#ready;
    if (!Array.isArray(ready)) {
      if (ready !== undefined) list.push(ready);
    } else for (const viewer of ready) list.push(viewer);
  }

  takeChanges(): readonly number[] | undefined {
    const changes = this.#changes;
    if (changes?.length === 0) return nowhere;
    this.#changes = [];
    return changes;
  }

  protected addReady(viewer: ViewerHandle): void {
    const ready = this.#ready;
    const position = this.readyCount;
    viewer.position = position;
    if (ready === undefined) this.#ready = viewer;
    else if (Array.isArray(ready)) ready.push(viewer);
    else this.#ready = [ready, viewer];
    this.lowered(viewer);
    this.changed(position);
  }

  protected removeReady(viewer: ViewerHandle): void {
    const { position } = viewer;
    const ready = this.#ready;
    if (!Array.isArray(ready)) this.#ready = undefined;
    else {
      const last = ready.pop()!;
      if (last !== viewer) {
        ready[position] = last;
        last.position = position;
        this.lowered(last);
      }
    }
    this.changed(position);
  }

  /** It is new here, or its credit ends earlier than it did. */
  protected lowered({ position, until }: ViewerHandle): void {
    const block = position >> blockBits;
    if (block > 0) this.#floors ??= [this.#least];
    if (until < this.#least) this.#least = until;
    if (this.#floors !== undefined) this.#floors[block] = Math.min(this.#floors[block] ?? never, until);
  }

  /** Those whose credit has ended with the frame of this number. */
  protected drained(frames: number): readonly ViewerHandle[] {
    if (this.#least > frames) return nobody;
    const drained: ViewerHandle[] = [];
    const { viewers } = this;
    let least = never;
    for (let from = 0; from < viewers.length; from += 1 << blockBits) {
      let floor = this.#floors?.[from >> blockBits] ?? this.#least;
      if (floor <= frames) {
        floor = drainBlock(viewers, from, frames, drained);
        if (this.#floors !== undefined) this.#floors[from >> blockBits] = floor;
      }
      if (floor < least) least = floor;
    }
    this.#least = least;
    return drained;
  }

  protected changed(position: number): void {
    if (this.#changes === undefined) return;
    if (this.#changes.length >= this.readyCount + changesMin) this.#changes = undefined;
    else this.#changes.push(position);
  }
}

function drainBlock(viewers: readonly ViewerHandle[], from: number, frames: number, drained: ViewerHandle[]): number {
  let floor = never;
  const to = Math.min(viewers.length, from + (1 << blockBits));
  for (let position = from; position < to; position++) {
    const viewer = viewers[position]!;
    if (viewer.until <= frames) drained.push(viewer);
    else if (viewer.until < floor) floor = viewer.until;
  }
  return floor;
}
