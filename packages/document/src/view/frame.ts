import { ByteSlab } from "../encode/byte-slab.ts";
import { asciiBytes, JsonWriter } from "../encode/json-writer.ts";
import type { Frame } from "../runtime/runtime.ts";

const comma = 0x2c;
const braceClose = 0x7d;
const seqLabel = asciiBytes('"@s":');
const hashLabel = asciiBytes('"@h":');

/** A frame's content without its head. */
export interface FrameBody {
  readonly kind: "snapshot" | "delta";
  /** One JSON object, without `@s` and `@h`. Of a delta only valid until the next one is written. */
  readonly json: Uint8Array;
}

export const emptyDelta: FrameBody = { kind: "delta", json: asciiBytes("{}") };

/** Makes frames of bodies: `@s`, and `@h` if there is one, go in front of the fields. */
export class FrameMaker {
  readonly #head = new JsonWriter();
  readonly #slab = new ByteSlab();

  /** A delta of fields without braces: those that all viewers share, and some of their own. */
  makeOfFields(shared: Uint8Array, own: Uint8Array, seq: number): Frame {
    const headLength = this.#writeHead(seq, undefined);
    const sharedLength = shared.length === 0 ? 0 : shared.length + 1;
    const ownLength = own.length === 0 ? 0 : own.length + 1;
    const data = this.#slab.take(headLength + sharedLength + ownLength + 1);
    this.#head.copyTo(data);
    if (sharedLength > 0) putFields(data, shared, headLength);
    if (ownLength > 0) putFields(data, own, headLength + sharedLength);
    data[data.length - 1] = braceClose;
    return { kind: "delta", seq, data };
  }

  make({ kind, json }: FrameBody, seq: number, hash: string | undefined): Frame {
    const headLength = this.#writeHead(seq, hash);
    const isEmpty = json.length === 2;
    const data = this.#slab.take(headLength + (isEmpty ? 1 : json.length));
    this.#head.copyTo(data);
    if (isEmpty) data[headLength] = braceClose;
    else {
      // The body's opening brace becomes the comma after the head.
      data.set(json, headLength);
      data[headLength] = comma;
    }
    return hash === undefined ? { kind, seq, data } : { kind, seq, data, hash };
  }

  /** Returns its length. */
  #writeHead(seq: number, hash: string | undefined): number {
    const head = this.#head;
    head.position = 0;
    head.openObject();
    head.label(seqLabel);
    head.number(seq);
    if (hash !== undefined) {
      head.label(hashLabel);
      head.string(hash);
    }
    return head.position;
  }
}

function putFields(data: Uint8Array, fields: Uint8Array, at: number): void {
  data[at] = comma;
  data.set(fields, at + 1);
}
