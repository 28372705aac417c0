import { type FastBuffer, fastBufferOver } from "./fast-buffer.ts";
import { SHORT_ASCII_MAX_LENGTH, shortAscii } from "./short-ascii.ts";
import { ABSENT, malformed, outOfBounds, truncated } from "./wire-fault.ts";

const NOTHING = new Uint8Array(0);

/**
 * Reads what a `Writer` wrote, in place. Every read is checked against `end`, and every length against what is left,
 * before anything is allocated; a fault throws a `ServiceError` with code `invalid_argument`.
 */
export class Reader {
  buffer: FastBuffer;
  view: DataView;
  position = 0;
  /** Where the message at hand ends: of the frame, or of the nested message being read. */
  end: number;
  /** `bytes` fields get memory of their own: for messages that outlive the buffer. */
  copiesBytes = false;
  #source: Uint8Array;

  constructor(bytes: Uint8Array = NOTHING) {
    this.#source = bytes;
    this.buffer = fastBufferOver(bytes);
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.end = bytes.length;
  }

  /** Starts over on `bytes`, of which only `start` to `end` may be read. Cheap when it is the same array as before. */
  reset(bytes: Uint8Array, start = 0, end = bytes.length): this {
    if (bytes !== this.#source) {
      this.#source = bytes;
      this.buffer = fastBufferOver(bytes);
      this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    this.position = start;
    this.end = end;
    return this;
  }

  get remaining(): number {
    return this.end - this.position;
  }

  /** Moves past `bytes` and returns where they begin. */
  take(bytes: number): number {
    const at = this.position;
    if (at + bytes > this.end) throw truncated();
    this.position = at + bytes;
    return at;
  }

  /** Begins a length-prefixed part: narrows `end` to it and returns the outer one, for `leave`. */
  enter(field: string): number {
    const length = this.view.getUint32(this.take(4), true);
    const outerEnd = this.end;
    if (length > outerEnd - this.position) throw malformed(field, "is longer than what contains it");
    this.end = this.position + length;
    return outerEnd;
  }

  /** Ends the part, skipping what a newer sender put behind the fields known here. */
  leave(outerEnd: number): void {
    this.position = this.end;
    this.end = outerEnd;
  }

  /** Whether the optional value behind a length is missing; if so its mark is consumed. */
  isAbsent(): boolean {
    const at = this.take(4);
    if (this.view.getUint32(at, true) === ABSENT) return true;
    this.position = at;
    return false;
  }

  /** The presence byte of an optional value of fixed width. */
  isPresent(field: string): boolean {
    return this.bool(this.take(1), field);
  }

  bool(at: number, field: string): boolean {
    const value = this.view.getUint8(at);
    if (value > 1) throw outOfBounds(field, "0 or 1");
    return value === 1;
  }

  u53(at: number, field: string): number {
    const high = this.view.getUint32(at + 4, true);
    if (high > 0x1f_ffff) throw outOfBounds(field, "an integer from 0 to 2^53-1");
    return high * 0x1_0000_0000 + this.view.getUint32(at, true);
  }

  string(maxLength: number, field: string): string {
    const length = this.#length(field);
    if (length > 3 * maxLength) throw outOfBounds(field, `a string of at most ${maxLength} characters`);
    const start = this.position;
    this.position = start + length;
    if (length <= SHORT_ASCII_MAX_LENGTH && length <= maxLength) {
      const short = shortAscii(this.buffer, start, start + length);
      if (short !== undefined) return short;
    }
    const value = this.buffer.utf8Slice(start, start + length);
    if (value.length > maxLength) throw outOfBounds(field, `a string of at most ${maxLength} characters`);
    return value;
  }

  /** A view into the reader's buffer, or a copy with `copiesBytes`. */
  bytes(minBytes: number, maxBytes: number, field: string): Uint8Array {
    const length = this.#length(field);
    if (length < minBytes || length > maxBytes) throw outOfBounds(field, `${minBytes} to ${maxBytes} bytes`);
    const start = this.position;
    this.position = start + length;
    const view = new Uint8Array(this.buffer.buffer, this.buffer.byteOffset + start, length);
    return this.copiesBytes ? view.slice() : view;
  }

  /** The number of elements that follow, each of which takes at least `elementMinBytes` here. */
  count(maxCount: number, elementMinBytes: number, field: string): number {
    const count = this.view.getUint32(this.take(4), true);
    if (count > maxCount) throw outOfBounds(field, `at most ${maxCount} elements`);
    if (count * elementMinBytes > this.end - this.position) throw truncated();
    return count;
  }

  #length(field: string): number {
    const length = this.view.getUint32(this.take(4), true);
    if (length > this.end - this.position) throw malformed(field, "is longer than what contains it");
    return length;
  }
}
