import { ByteSlab } from "../encode/byte-slab.ts";
import { asciiBytes, JsonWriter } from "../encode/json-writer.ts";
import type { Frame } from "../runtime/runtime.ts";

const comma = 0x2c;
const braceOpen = 0x7b;
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

  /** A delta of fields without braces. */
  makeOfFields(fields: Uint8Array, seq: number): Frame {
    const json = this.#slab.take(fields.length + 2);
    json[0] = braceOpen;
    json.set(fields, 1);
    json[json.length - 1] = braceClose;
    return this.make({ kind: "delta", json }, seq, undefined);
  }

  make({ kind, json }: FrameBody, seq: number, hash: string | undefined): Frame {
    const head = this.#head;
    head.position = 0;
    head.openObject();
    head.label(seqLabel);
    head.number(seq);
    if (hash !== undefined) {
      head.label(hashLabel);
      head.string(hash);
    }
    const { position } = head;
    const isEmpty = json.length === 2;
    const data = this.#slab.take(position + (isEmpty ? 1 : json.length));
    head.copyTo(data);
    if (isEmpty) data[position] = braceClose;
    else {
      // The body's opening brace becomes the comma after the head.
      data.set(json, position);
      data[position] = comma;
    }
    return hash === undefined ? { kind, seq, data } : { kind, seq, data, hash };
  }
}
