import { type ReadableFile, readFully } from "../files/file-system.ts";
import { SEGMENT_HEADER_BYTES } from "../format/segment-header.ts";

/** Worked through in about ten milliseconds, in which a disk has the next piece ready. */
const PIECE_BYTES = 4 * 1024 * 1024;

/** Reads a segment into one buffer, its header and then all from an offset on, always one piece ahead of its user. */
export class ReadAhead {
  /** So much of the buffer may be looked at. */
  readBytes: number;
  readonly #file: ReadableFile;
  readonly #target: Buffer;
  readonly #pieceBytes: number;
  #underWay: Promise<number>;

  constructor(file: ReadableFile, target: Buffer, from: number, pieceBytes = PIECE_BYTES) {
    this.#file = file;
    this.#target = target;
    this.#pieceBytes = pieceBytes;
    this.readBytes = Math.min(SEGMENT_HEADER_BYTES, target.length);
    const start = Math.max(from, this.readBytes);
    this.#underWay = this.#read(0, this.readBytes).then(() => this.#read(start, start + pieceBytes));
    this.#underWay.catch(() => {});
  }

  /** Resolves when more is read, if there is more. */
  async next(): Promise<void> {
    this.readBytes = await this.#underWay;
    if (this.readBytes === this.#target.length) return;
    this.#underWay = this.#read(this.readBytes, this.readBytes + this.#pieceBytes);
    this.#underWay.catch(() => {});
  }

  /** When nothing is being read any more: only then may the file be closed. */
  async settled(): Promise<void> {
    await this.#underWay.catch(() => {});
  }

  async #read(from: number, to: number): Promise<number> {
    const piece = this.#target.subarray(Math.min(from, this.#target.length), to);
    const { length } = await readFully(this.#file, from, piece.length, piece);
    // Shorter than its size said: what the buffer held before is not of this file.
    piece.fill(0, length);
    return Math.min(to, this.#target.length);
  }
}
