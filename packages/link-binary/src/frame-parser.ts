import { ServiceError } from "@tidewire/foundation";
import { Reader } from "@tidewire/wire";
import { HEADER_BYTES, KNOWN_FLAGS, LENGTH_BYTES, LENGTH_MIN } from "./frame.ts";

export interface FrameReceiver {
  /** `body` and what it reads from are only valid during the call. */
  frame(type: number, flags: number, method: number, stream: number, body: Reader): void;
}

/** A buffer for a frame in parts is kept for the next one up to this size. */
const PARTIAL_KEEP_MAX_BYTES = 64 * 1024;

/**
 * Cuts a byte stream into frames, in place: only a frame that is split over two reads is copied. A length is checked
 * before anything is allocated, and memory grows with what has arrived, not with what was announced.
 */
export class FrameParser {
  /** Frames longer than this are refused; the handshake raises it. */
  frameMaxBytes: number;
  readonly #receiver: FrameReceiver;
  readonly #reader = new Reader();
  readonly #partialReader = new Reader();
  #partial = new Uint8Array(0);
  #partialLength = 0;
  #isStopped = false;

  constructor(receiver: FrameReceiver, frameMaxBytes: number) {
    this.#receiver = receiver;
    this.frameMaxBytes = frameMaxBytes;
  }

  /** Bytes of a frame that is not complete yet. */
  get partialBytes(): number {
    return this.#partialLength;
  }

  /** Nothing is handed on any more, not even what the current `push` still holds. */
  stop(): void {
    this.#isStopped = true;
    this.#partial = new Uint8Array(0);
    this.#partialLength = 0;
  }

  /** Takes what was read: the first `length` bytes. Throws `invalid_argument` on what is no frame; then it is over. */
  push(bytes: Uint8Array, length = bytes.length): void {
    let offset = 0;
    while (this.#partialLength > 0 && offset < length && !this.#isStopped) offset = this.#fill(bytes, offset, length);
    if (offset >= length || this.#isStopped) return;
    const reader = this.#reader.reset(bytes, 0, length);
    const { view } = reader;
    while (length - offset >= HEADER_BYTES) {
      const end = offset + LENGTH_BYTES + this.#checkedLength(view.getUint32(offset, true));
      if (end > length) break;
      this.#hand(reader, offset, end);
      if (this.#isStopped) return;
      offset = end;
    }
    if (offset < length) this.#keep(bytes, offset, length);
  }

  #hand(reader: Reader, at: number, end: number): void {
    const { view } = reader;
    const flags = view.getUint8(at + 5);
    if ((flags & ~KNOWN_FLAGS) !== 0) throw new ServiceError("invalid_argument", `unknown frame flags ${flags}`);
    reader.position = at + HEADER_BYTES;
    reader.end = end;
    this.#receiver.frame(
      view.getUint8(at + 4),
      flags,
      view.getUint16(at + 6, true),
      view.getUint32(at + 8, true),
      reader,
    );
  }

  #checkedLength(length: number): number {
    if (length < LENGTH_MIN || length > this.frameMaxBytes - LENGTH_BYTES) {
      throw new ServiceError("invalid_argument", `a frame of ${length} bytes`, { details: { parameter: "length" } });
    }
    return length;
  }

  /** The beginning of a frame whose rest comes with the next read. */
  #keep(bytes: Uint8Array, start: number, end: number): void {
    const length = end - start;
    // Also a length that is known to be wrong is not waited for.
    if (length >= LENGTH_BYTES) this.#checkedLength(readU32(bytes, start));
    this.#reserve(length);
    this.#partial.set(bytes.subarray(start, end));
    this.#partialLength = length;
  }

  /** Adds to the frame in parts, and hands it on when it is complete. Returns how far it read. */
  #fill(bytes: Uint8Array, offset: number, length: number): number {
    const wanted = this.#wanted();
    const taken = Math.min(wanted - this.#partialLength, length - offset);
    this.#reserve(this.#partialLength + taken);
    this.#partial.set(bytes.subarray(offset, offset + taken), this.#partialLength);
    this.#partialLength += taken;
    if (this.#partialLength === LENGTH_BYTES) this.#wanted();
    else if (this.#partialLength === wanted) this.#handPartial(wanted);
    return offset + taken;
  }

  #handPartial(length: number): void {
    this.#partialLength = 0;
    this.#hand(this.#partialReader.reset(this.#partial, 0, length), 0, length);
    if (this.#partial.length > PARTIAL_KEEP_MAX_BYTES) this.#partial = new Uint8Array(0);
  }

  /** How long the frame in parts will be; its length field first, which is checked as soon as it is there. */
  #wanted(): number {
    if (this.#partialLength < LENGTH_BYTES) return LENGTH_BYTES;
    return LENGTH_BYTES + this.#checkedLength(readU32(this.#partial, 0));
  }

  #reserve(bytes: number): void {
    if (bytes <= this.#partial.length) return;
    const grown = new Uint8Array(Math.max(bytes, Math.min(this.frameMaxBytes, this.#partial.length * 2), 1024));
    grown.set(this.#partial.subarray(0, this.#partialLength));
    this.#partial = grown;
  }
}

function readU32(bytes: Uint8Array, at: number): number {
  const [a = 0, b = 0, c = 0, d = 0] = bytes.subarray(at, at + LENGTH_BYTES);
  return (a | (b << 8) | (c << 16) | (d << 24)) >>> 0;
}
