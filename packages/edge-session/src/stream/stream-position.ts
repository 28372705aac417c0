import type { Resume } from "@tidewire/protocol-client";
import type { StreamFrame } from "./held-frame.ts";

const HASH_PATTERN = /^[0-9a-f]{16}$/;

/** Whether a client's text can be the hash of a view at all. */
export function isHash(text: string): boolean {
  return HASH_PATTERN.test(text);
}

/**
 * How far a stream has come: what a new subscription resumes from, and the sequence number below which no frame may go
 * out any more.
 */
export class StreamPosition {
  #seq = 0;
  #hash: string | undefined;
  /** Several states can share a seq, because presence moves a view without a commit. */
  #isSeqUnique = true;
  #floorSeq = 0;

  constructor(resume: Resume | undefined) {
    if (resume === undefined || !isHash(resume.hash)) return;
    this.#seq = resume.seq;
    this.#hash = resume.hash;
  }

  /** The largest `@s` the client has seen or is about to see. */
  get floorSeq(): number {
    return this.#floorSeq;
  }

  get resume(): Resume | undefined {
    return this.#hash === undefined ? undefined : { seq: this.#seq, hash: this.#hash };
  }

  advance(frame: StreamFrame): void {
    this.#isSeqUnique = frame.seq !== this.#seq;
    this.#seq = frame.seq;
    this.#hash = frame.hash;
    this.#floorSeq = Math.max(this.#floorSeq, frame.seq);
  }

  /** The client need not be trusted with it any more: the next frame is a snapshot. */
  forgetHash(): void {
    this.#hash = undefined;
  }

  /**
   * What a client says about itself. `matches`: it is what the host said. A claim about the newest state is also taken as
   * the point to resume from, as the client's own `resume` would be. The seq is translated to the host's.
   */
  claim(seq: number, hash: string, isCaughtUp: boolean): { readonly matches: boolean; readonly hostSeq: number } {
    const isNewest = isCaughtUp && seq === this.#floorSeq && this.#isSeqUnique;
    const matches = isNewest && this.#hash === hash;
    if (isNewest && this.#hash === undefined && isHash(hash)) this.#hash = hash;
    return { matches, hostSeq: seq === this.#floorSeq ? this.#seq : seq };
  }
}
