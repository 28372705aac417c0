import { composeDeltas, composeSnapshot, type JsonObject } from "@tidewire/delta";
import type { ViewerFrame } from "@tidewire/protocol-host";

/** A frame on its way to a client. `data` is one JSON object in UTF-8. */
export type StreamFrame = ViewerFrame;

/**
 * A merged delta keeps a mark for every key that came and went. Credit allows few merges; only a client that stands still
 * while its document moves from host to host gets this far.
 */
const MERGES_MAX = 32;

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/**
 * What a client could not take yet, merged into one frame however many came. Bounded by the size of a snapshot, because
 * a merged delta is.
 */
export class HeldFrame {
  #frame: StreamFrame | undefined;
  #merges = 0;

  get isEmpty(): boolean {
    return this.#frame === undefined;
  }

  get bytes(): number {
    return this.#frame?.data.length ?? 0;
  }

  /** Copies what it keeps. Throws if the two cannot be merged, or too many were: then a snapshot is the better frame. */
  add(frame: StreamFrame): void {
    if (this.#frame === undefined || frame.kind === "snapshot") {
      this.#frame = { ...frame, data: frame.data.slice() };
      this.#merges = 0;
      return;
    }
    if (++this.#merges > MERGES_MAX) throw new RangeError("too many frames were merged");
    this.#frame = merged(this.#frame, frame);
  }

  peek(): StreamFrame | undefined {
    return this.#frame;
  }

  take(): StreamFrame | undefined {
    const frame = this.#frame;
    this.#frame = undefined;
    return frame;
  }
}

function merged(older: StreamFrame, delta: StreamFrame): StreamFrame {
  const compose = older.kind === "snapshot" ? composeSnapshot : composeDeltas;
  const composed = compose(parse(older.data), parse(delta.data));
  return { kind: older.kind, seq: delta.seq, hash: delta.hash, data: encoder.encode(JSON.stringify(composed)) };
}

/** The same frame with another `@s`; the one case in which the edge looks into a frame that it passes on. */
export function withSeq(frame: StreamFrame, seq: number): StreamFrame {
  const data = encoder.encode(JSON.stringify({ ...parse(frame.data), "@s": seq }));
  return { ...frame, seq, data };
}

function parse(data: Uint8Array): JsonObject {
  return JSON.parse(decoder.decode(data));
}
