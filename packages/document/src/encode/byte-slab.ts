const slabBytes = 16 * 1024;
/** Larger pieces have memory of their own, so that one of them does not keep a slab of others alive. */
const pieceMaxBytes = 2 * 1024;

/** Memory for many short pieces: a view of a slab costs a fraction of an array of its own. */
export class ByteSlab {
  #slab = new Uint8Array(0);
  #used = 0;

  /** Room for `length` bytes, not cleared. */
  take(length: number): Uint8Array {
    if (length > pieceMaxBytes) return new Uint8Array(length);
    if (this.#used + length > this.#slab.length) {
      this.#slab = new Uint8Array(slabBytes);
      this.#used = 0;
    }
    const start = this.#used;
    this.#used += length;
    // Half the price of `subarray`, which looks at what kind of array it is.
    return new Uint8Array(this.#slab.buffer, start, length);
  }

  copyOf(bytes: Uint8Array, length: number): Uint8Array {
    if (length > pieceMaxBytes) return bytes.slice(0, length);
    const piece = this.take(length);
    piece.set(length === bytes.length ? bytes : bytes.subarray(0, length));
    return piece;
  }
}
