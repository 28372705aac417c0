import { asciiBytes, JsonWriter } from "../encode/json-writer.ts";
import type { Frame } from "../runtime/runtime.ts";

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
  readonly #out = new JsonWriter();

  /** A delta of fields without braces: those that all viewers share, and some of their own. */
  makeOfFields(shared: Uint8Array, own: Uint8Array, seq: number): Frame {
    const out = this.#head(seq, undefined);
    if (shared.length > 0) out.raw(shared);
    if (own.length > 0) out.raw(own);
    out.closeObject();
    return { kind: "delta", seq, data: out.take() };
  }

  make({ kind, json }: FrameBody, seq: number, hash: string | undefined): Frame {
    const out = this.#head(seq, hash);
    if (json.length > emptyDelta.json.length) out.restOf(json);
    else out.closeObject();
    const data = out.take();
    return hash === undefined ? { kind, seq, data } : { kind, seq, data, hash };
  }

  #head(seq: number, hash: string | undefined): JsonWriter {
    const out = this.#out;
    out.begin();
    out.openObject();
    out.numberField(seqLabel, seq);
    if (hash !== undefined) out.stringField(hashLabel, hash);
    return out;
  }
}
