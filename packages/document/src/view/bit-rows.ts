import { HeldBits } from "./guard-bits.ts";

/** One record type's bits of all rows, side by side. */
interface Column {
  readonly wordsPerRow: number;
  readonly words: Uint32Array;
}

const rowsMin = 16;
const noWords = new Uint32Array(0);

/**
 * Bits of many viewers in one array per record type: an array for each viewer takes several times what its bits do. A row is
 * never changed: whoever is told something wakes, and has bits of its own again.
 *
 * There are no gaps: the last row moves to where one was taken out, and its owner is told. All rows of a type are as wide as
 * the widest was.
 */
export class BitRows<Owner> {
  readonly #columns: Column[] = [];
  readonly #owners: Owner[] = [];
  readonly #moved: (owner: Owner, row: number) => void;
  #capacity = 0;

  constructor(moved: (owner: Owner, row: number) => void) {
    this.#moved = moved;
  }

  /** Bytes there is room for. */
  get bytes(): number {
    return this.#columns.reduce((sum, { words }) => sum + words.byteLength, 0);
  }

  /** Returns its row. */
  add(owner: Owner, { byType }: HeldBits): number {
    const row = this.#owners.length;
    this.#owners.push(owner);
    if (row === this.#capacity) this.#resize(Math.max(rowsMin, row * 2));
    const types = Math.max(byType.length, this.#columns.length);
    for (let type = 0; type < types; type++) {
      const bits = trimmed(byType[type] ?? noWords);
      let column = (this.#columns[type] ??= { wordsPerRow: 0, words: noWords });
      if (bits.length > column.wordsPerRow) {
        this.#columns[type] = column = resized(column, row, bits.length, this.#capacity);
      }
      const { words, wordsPerRow } = column;
      words.set(bits, row * wordsPerRow);
      // Some row that went was here before.
      words.fill(0, row * wordsPerRow + bits.length, (row + 1) * wordsPerRow);
    }
    return row;
  }

  /** The row is another owner's then, or nobody's. */
  take(row: number): HeldBits {
    const bits = new HeldBits();
    for (const [type, { words, wordsPerRow }] of this.#columns.entries()) {
      const kept = trimmed(words.subarray(row * wordsPerRow, (row + 1) * wordsPerRow));
      if (kept.length > 0) bits.byType[type] = kept.slice();
    }
    const owner = this.#owners.pop()!;
    const last = this.#owners.length;
    if (row !== last) {
      for (const { words, wordsPerRow } of this.#columns) {
        words.copyWithin(row * wordsPerRow, last * wordsPerRow, (last + 1) * wordsPerRow);
      }
      this.#owners[row] = owner;
      this.#moved(owner, row);
    }
    if (last === 0) this.clear();
    else if (this.#capacity > rowsMin && last <= this.#capacity / 4) this.#resize(this.#capacity / 2);
    return bits;
  }

  clear(): void {
    this.#owners.length = 0;
    this.#columns.length = 0;
    this.#capacity = 0;
  }

  #resize(rows: number): void {
    const kept = Math.min(this.#owners.length, this.#capacity);
    this.#capacity = rows;
    for (const [type, column] of this.#columns.entries()) {
      this.#columns[type] = resized(column, kept, column.wordsPerRow, rows);
    }
  }
}

/** With the first `kept` rows of a column. */
function resized({ words, wordsPerRow }: Column, kept: number, wordsPerRowNext: number, rows: number): Column {
  const next = new Uint32Array(rows * wordsPerRowNext);
  for (let row = 0; row < kept; row++) {
    next.set(words.subarray(row * wordsPerRow, (row + 1) * wordsPerRow), row * wordsPerRowNext);
  }
  return { wordsPerRow: wordsPerRowNext, words: next };
}

/** Without the words at its end in which nothing is set. */
function trimmed(words: Uint32Array): Uint32Array {
  let length = words.length;
  while (length > 0 && words[length - 1] === 0) length--;
  return words.subarray(0, length);
}
