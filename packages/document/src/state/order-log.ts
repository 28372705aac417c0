/** Edits remembered; composing more than this costs more than sending all keys. */
const editsMax = 512;

/** A run of the order: old positions, or new elements. */
export interface OrderPiece {
  /** Where the run was before; -1: these are new here. */
  readonly from: number;
  readonly count: number;
}

/**
 * What happened to the order of a table, as edits of positions. Composed from some seq on they say which runs of the old
 * order are left where, without anyone keeping the old order.
 */
export class OrderLog {
  readonly #seqs: number[] = [];
  /** A position inserted at, or `~position` removed from. */
  readonly #edits: number[] = [];
  /** Edits up to here may have been forgotten. */
  #horizon = 0;
  /** Of the newest edit. */
  lastSeq = 0;

  get length(): number {
    return this.#edits.length;
  }

  inserted(position: number, seq: number): void {
    this.#push(position, seq);
  }

  removed(position: number, seq: number): void {
    this.#push(~position, seq);
  }

  /** Takes back the newest `count` edits. */
  takeBack(count: number): void {
    this.#seqs.length -= count;
    this.#edits.length -= count;
    this.lastSeq = this.#seqs.at(-1) ?? this.#horizon;
  }

  /** Forgets the oldest, once a transaction is through. */
  trim(): void {
    const excess = this.#edits.length - editsMax;
    // In halves, so that each edit is moved once.
    if (excess < editsMax) return;
    this.#horizon = this.#seqs[excess - 1]!;
    this.#seqs.splice(0, excess);
    this.#edits.splice(0, excess);
  }

  /** The order now, in runs of the order there was at `seq`; `undefined` if it cannot be told any more. */
  piecesSince(seq: number, sizeNow: number): { pieces: OrderPiece[]; sizeBefore: number } | undefined {
    if (seq < this.#horizon) return undefined;
    let first = this.#edits.length;
    while (first > 0 && this.#seqs[first - 1]! > seq) first--;
    if (this.#edits.length - first > editsMax) return undefined;
    let sizeBefore = sizeNow;
    for (let index = first; index < this.#edits.length; index++) sizeBefore += this.#edits[index]! < 0 ? 1 : -1;
    const pieces: OrderPiece[] = sizeBefore === 0 ? [] : [{ from: 0, count: sizeBefore }];
    for (let index = first; index < this.#edits.length; index++) {
      const edit = this.#edits[index]!;
      if (edit < 0) removeAt(pieces, ~edit);
      else insertAt(pieces, edit);
    }
    return { pieces, sizeBefore };
  }

  #push(edit: number, seq: number): void {
    this.#edits.push(edit);
    this.#seqs.push(seq);
    this.lastSeq = seq;
  }
}

function insertAt(pieces: OrderPiece[], position: number): void {
  let left = position;
  for (let index = 0; index < pieces.length; index++) {
    const piece = pieces[index]!;
    if (left > piece.count || (left === piece.count && piece.from >= 0 && pieces[index + 1]?.from === -1)) {
      left -= piece.count;
      continue;
    }
    if (piece.from === -1) pieces[index] = { from: -1, count: piece.count + 1 };
    else pieces.splice(index, 1, ...halves(piece, left, { from: -1, count: 1 }));
    return;
  }
  pieces.push({ from: -1, count: 1 });
}

function removeAt(pieces: OrderPiece[], position: number): void {
  let left = position;
  for (let index = 0; index < pieces.length; index++) {
    const piece = pieces[index]!;
    if (left >= piece.count) {
      left -= piece.count;
      continue;
    }
    if (piece.from >= 0) pieces.splice(index, 1, ...withoutOne(piece, left));
    else if (piece.count > 1) pieces[index] = { from: -1, count: piece.count - 1 };
    else pieces.splice(index, 1);
    return;
  }
}

function halves(piece: OrderPiece, at: number, middle: OrderPiece): OrderPiece[] {
  return [{ from: piece.from, count: at }, middle, { from: piece.from + at, count: piece.count - at }].filter(
    (part) => part.count > 0,
  );
}

function withoutOne(piece: OrderPiece, at: number): OrderPiece[] {
  return [
    { from: piece.from, count: at },
    { from: piece.from + at + 1, count: piece.count - at - 1 },
  ].filter((part) => part.count > 0);
}
