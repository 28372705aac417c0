import type { RecordNode } from "../state/record-node.ts";
import { smallSeq } from "../state/small-seq.ts";
import type { TableNode } from "../state/table-node.ts";
import { BitRows } from "./bit-rows.ts";
import { HeldBits, type HeldThings } from "./guard-bits.ts";
import type { ViewerGroup } from "./viewer-group.ts";
import type { ViewerHandle } from "./viewer-handle.ts";

/** What is to be known again of a group of one viewer who wakes. */
export interface DormantState {
  readonly viewSeq: number;
  readonly viewSeqMax: number;
  readonly hashDueAt: number;
  readonly stateHash: string;
  readonly held: HeldThings;
  readonly orders: Map<TableNode, readonly RecordNode[]> | undefined;
}

/** Of a row: three numbers, and a hash that takes the room of one. */
const numbersPerRow = 4;
const wordsPerRow = 2 * numbersPerRow;
const hashWord = 6;
const hexPerWord = 8;
const rowsMin = 16;

/**
 * Viewers of whom each has a class of its own, and whom nothing is due. A class and a group take 500 bytes, and most of many
 * different viewers have nothing to be told at most times: of those a row of numbers is kept instead. All hold the state of
 * the last delivery.
 *
 * Rows have no gaps: the last one moves to where one was taken out. So what is kept shrinks as viewers wake or leave.
 */
export class DormantViewers {
  readonly #wake: (viewer: ViewerHandle) => ViewerGroup;
  /** By row, which is a dormant viewer's `position`. */
  readonly #viewers: ViewerHandle[] = [];
  /** Names as they are; where there were bits, what `bitsName` says. */
  readonly #held: HeldThings[] = [];
  readonly #bits = new BitRows<ViewerHandle>((viewer, bitsRow) => {
    this.#held[viewer.position] = bitsName(bitsRow);
  });
  /** Of the few kinds of documents that have any. */
  readonly #orders = new Map<ViewerHandle, DormantState["orders"]>();
  #numbers = new Float64Array(0);
  /** The same memory. */
  #words = new Uint32Array(0);

  /** `wake` is what makes a class and a group for a viewer, with `take`. */
  constructor(wake: (viewer: ViewerHandle) => ViewerGroup) {
    this.#wake = wake;
  }

  get size(): number {
    return this.#viewers.length;
  }

  /** Of bits that there is room for. */
  get bitsBytes(): number {
    return this.#bits.bytes;
  }

  /** Rows that there is room for. */
  get capacity(): number {
    return this.#numbers.length / numbersPerRow;
  }

  /** Its group, which is made now. */
  groupOf(viewer: ViewerHandle): ViewerGroup {
    return this.#wake(viewer);
  }

  /** It is in no group, so frames are counted from none. */
  grant(viewer: ViewerHandle, frames: number): void {
    viewer.until += frames;
  }

  creditOf(viewer: ViewerHandle): number {
    return Math.max(0, viewer.until);
  }

  /** Whether what the viewer says that it holds is what it was sent. Otherwise there is more to look at. */
  confirms(viewer: ViewerHandle, seq: number, hash: string): boolean {
    const row = viewer.position;
    if (this.#numbers[row * numbersPerRow] !== seq || this.#hashAt(row) !== hash) return false;
    viewer.checkedAt = 0;
    return true;
  }

  /** It was just released by its group. */
  add(viewer: ViewerHandle, { viewSeq, viewSeqMax, hashDueAt, stateHash, held, orders }: DormantState): void {
    const row = this.size;
    if (row === this.capacity) this.#resize(Math.max(rowsMin, row * 2));
    this.#viewers.push(viewer);
    this.#held.push(held instanceof HeldBits ? bitsName(this.#bits.add(viewer, held)) : held);
    if (orders !== undefined) this.#orders.set(viewer, orders);
    const first = row * numbersPerRow;
    this.#numbers[first] = viewSeq;
    this.#numbers[first + 1] = viewSeqMax;
    this.#numbers[first + 2] = hashDueAt;
    for (let word = 0; word < 2; word++) {
      const text = stateHash.slice(word * hexPerWord, (word + 1) * hexPerWord);
      this.#words[row * wordsPerRow + hashWord + word] = Number.parseInt(text, 16);
    }
    viewer.place = this;
    viewer.position = row;
  }

  /** It is nowhere then. */
  take(viewer: ViewerHandle): DormantState {
    const row = viewer.position;
    const first = row * numbersPerRow;
    const state: DormantState = {
      viewSeq: smallSeq(this.#numbers[first]!),
      viewSeqMax: smallSeq(this.#numbers[first + 1]!),
      hashDueAt: this.#numbers[first + 2]!,
      stateHash: this.#hashAt(row),
      held: this.#takeHeld(row),
      orders: this.#orders.get(viewer),
    };
    this.#remove(viewer);
    return state;
  }

  /** All of them are nowhere then. */
  clear(): void {
    for (const viewer of this.#viewers) leave(viewer);
    this.#viewers.length = 0;
    this.#held.length = 0;
    this.#bits.clear();
    this.#orders.clear();
    this.#resize(0);
  }

  #takeHeld(row: number): HeldThings {
    const held = this.#held[row];
    return typeof held === "number" && held < 0 ? this.#bits.take(bitsRowOf(held)) : held;
  }

  #remove(viewer: ViewerHandle): void {
    const row = viewer.position;
    const last = this.#viewers.pop()!;
    const held = this.#held.pop();
    if (last !== viewer) {
      this.#viewers[row] = last;
      this.#held[row] = held;
      last.position = row;
      const from = this.size * numbersPerRow;
      this.#numbers.copyWithin(row * numbersPerRow, from, from + numbersPerRow);
    }
    this.#orders.delete(viewer);
    leave(viewer);
    if (this.capacity > rowsMin && this.size <= this.capacity / 4) this.#resize(this.capacity / 2);
  }

  #hashAt(row: number): string {
    const word = row * wordsPerRow + hashWord;
    return hexOf(this.#words[word]!) + hexOf(this.#words[word + 1]!);
  }

  #resize(rows: number): void {
    const kept = this.#numbers.subarray(0, this.size * numbersPerRow);
    this.#numbers = new Float64Array(rows * numbersPerRow);
    this.#numbers.set(kept);
    this.#words = new Uint32Array(this.#numbers.buffer);
  }
}

/** Names of things are not negative. */
function bitsName(bitsRow: number): number {
  return -1 - bitsRow;
}

function bitsRowOf(name: number): number {
  return -1 - name;
}

function leave(viewer: ViewerHandle): void {
  viewer.place = undefined;
  viewer.position = -1;
}

function hexOf(word: number): string {
  return word.toString(16).padStart(hexPerWord, "0");
}
