import { LimitError } from "../state/limit-error.ts";
import { writeDigits } from "./digits.ts";
import { positionMax } from "./words.ts";

const initialBytes = 1_024;
/**
 * Many short pieces share memory: a view of it costs a fraction of an array of its own. What the memory itself costs is
 * mostly the same for any size: of a piece of 250 bytes 75 ns with 16 KiB, 25 with 64 (measured; the view is the same 25).
 */
const slabBytesUsual = 64 * 1_024;
/** For pieces that are kept for long: one of them keeps the whole memory alive. */
export const slabBytesOfKept = 16 * 1_024;
/** Larger pieces have memory of their own, so that one of them does not keep that of others alive. */
const sharedPieceMax = 2 * 1_024;
/** With less room than this the next piece begins in new memory, because it would soon have to move there. */
const roomMin = 512;

/**
 * Bytes, one piece after the other, straight into where they stay. A piece may be begun with room in front of it for a head
 * that is known when the rest is written.
 */
export class PieceWriter {
  /** What is written to; another array after anything that makes room. */
  bytes = new Uint8Array(initialBytes);
  /** Of the same bytes. */
  view = new DataView(this.bytes.buffer);
  /** Where the next byte goes: to be compared with what it was before in the same piece, or set by who has made room. */
  position = 0;
  /** Where the open piece begins, without its head. */
  protected start = 0;
  /** Of `bytes`: to ask an array for its length and compare that costs as much as to write ten bytes. */
  protected capacity = initialBytes;
  readonly #bytesMax: number;
  readonly #slabBytes: number;
  /** Of `bytes`: asking an array for it costs more than making another array. */
  #buffer = this.bytes.buffer;
  /** Before it are pieces that were taken. */
  #floor = 0;
  #headStart = 0;

  /** Throws `LimitError("viewMaxBytes")` when more than `bytesMax` would be written, heads not counted. */
  constructor(bytesMax = Number.MAX_SAFE_INTEGER, slabBytes = slabBytesUsual) {
    this.#bytesMax = bytesMax;
    this.#slabBytes = slabBytes;
  }

  /** Bytes of the open piece, without its head. */
  get length(): number {
    return this.position - this.start;
  }

  /** Begins a piece anew; what was written since the last `take` is gone. `headMax`: room for its head, at most 128. */
  begin(headMax = 0): void {
    this.start = this.#floor + headMax;
    this.position = this.start;
    this.#headStart = this.start;
  }

  /** What was written; it is not written to again. */
  take(): Uint8Array {
    this.assertWithin();
    const length = this.position - this.#headStart;
    if (length > sharedPieceMax || this.capacity > this.#slabBytes) {
      const piece = this.bytes.slice(this.#headStart, this.position);
      // One large view must not occupy memory for ever.
      if (this.capacity > this.#slabBytes && length < this.capacity / 8) this.#startAnew();
      this.begin();
      return piece;
    }
    const piece = this.#view();
    this.#floor = this.position;
    if (this.capacity - this.#floor < roomMin) this.#startAnew();
    this.begin();
    return piece;
  }

  /** What was written, valid until the next write. */
  peek(): Uint8Array {
    this.assertWithin();
    return this.#view();
  }

  assertWithin(): void {
    if (this.position - this.start > this.#bytesMax) throw new LimitError("viewMaxBytes", this.#bytesMax);
  }

  /** In front of the open piece and what was prepended before, like the next two. */
  prependByte(byte: number): void {
    this.bytes[--this.#headStart] = byte;
  }

  prepend(head: readonly number[]): void {
    const { bytes } = this;
    let at = this.#headStart;
    for (let index = head.length - 1; index >= 0; index--) bytes[--at] = head[index]!;
    this.#headStart = at;
  }

  /** A safe integer from 0 on, in decimal. */
  prependInteger(value: number): void {
    let rest = value;
    let at = this.#headStart;
    while (rest >= 2 ** 31) {
      const next = Math.floor(rest / 10);
      at = writeDigits(this.bytes, at, rest - next * 10);
      rest = next;
    }
    this.#headStart = writeDigits(this.bytes, at, rest);
  }

  /** Makes room for `count` bytes. */
  reserve(count: number): void {
    if (this.position + count > this.capacity) this.grow(count);
  }

  /** The open piece moves, and leaves the memory before it to those that were taken. Positions stay what they are. */
  protected grow(count: number): void {
    this.assertWithin();
    const { position } = this;
    const least = position + count;
    if (least > positionMax) throw new RangeError(`a piece of more than ${positionMax} bytes`);
    const grown = new Uint8Array(Math.min(positionMax, Math.max(least, position * 2)));
    grown.set(this.bytes.subarray(this.#headStart, position), this.#headStart);
    this.#use(grown);
  }

  /** Half the price of `subarray`, which looks at what kind of array it is. */
  #view(): Uint8Array {
    return new Uint8Array(this.#buffer, this.#headStart, this.position - this.#headStart);
  }

  #use(bytes: Uint8Array<ArrayBuffer>): void {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer);
    this.#buffer = bytes.buffer;
    this.capacity = bytes.length;
  }

  #startAnew(): void {
    this.#use(new Uint8Array(this.#slabBytes));
    this.#floor = 0;
  }
}
