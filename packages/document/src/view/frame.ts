import { writeDigits } from "../encode/digits.ts";
import { asciiBytes, JsonWriter } from "../encode/json-writer.ts";
import type { Frame } from "../runtime/runtime.ts";

const seqHead = asciiBytes('{"@s":');
const hashHead = asciiBytes(',"@h":"');
const comma = 0x2c;
const quote = 0x22;
/** More than any head has: both keys, a seq of 16 digits, a hash of 16. */
const headMax = 64;

/** A frame's content without its head. */
export type FrameBody =
  /** One JSON object, without `@s` and `@h`. */
  | { readonly kind: "snapshot"; readonly json: Uint8Array }
  /** Fields without braces, at least one: the open piece of a writer, begun with `beginDelta`. */
  | { readonly kind: "delta"; readonly fields: JsonWriter }
  | { readonly kind: "delta"; readonly fields: undefined };

export const emptyDelta: FrameBody = { kind: "delta", fields: undefined };

/** Begins fields with room in front, so that no byte of them is moved for their head. */
export function beginDelta(out: JsonWriter): void {
  out.begin(headMax);
}

/**
 * Begins a delta that most likely has this seq, head first. Returns where its fields go; what they are is closed with
 * `closeObject`, and taken.
 */
export function openDelta(out: JsonWriter, seq: number): number {
  out.begin();
  // There is room for more digits than a seq has.
  out.numberField(seqHead, seq);
  out.bytes[out.position++] = comma;
  return out.position;
}

/** It has another seq than was expected. `false`: that takes another number of digits, and what was written is of no use. */
export function restateSeq(out: JsonWriter, inside: number, expected: number, seq: number): boolean {
  const { length } = String(expected);
  if (seq >= 2 ** 31 || String(seq).length !== length) return false;
  writeDigits(out.bytes, inside - 1, seq);
  return true;
}

/** Makes frames of bodies: `@s`, and `@h` if there is one, go in front of the fields. */
export class FrameMaker {
  readonly #out = new JsonWriter();

  make(body: FrameBody, seq: number, hash: string | undefined): Frame {
    const out = body.kind === "delta" && body.fields !== undefined ? body.fields : this.#out;
    if (out !== this.#out) {
      out.prependByte(comma);
      out.closeObject();
    } else {
      beginDelta(out);
      // Its opening brace turns into the comma behind the head.
      if (body.kind === "snapshot" && body.json.length > 2) out.restOf(body.json);
      else out.closeObject();
    }
    if (hash !== undefined) {
      out.prependByte(quote);
      out.prepend(asciiBytes(hash));
      out.prepend(hashHead);
    }
    out.prependInteger(seq);
    out.prepend(seqHead);
    const { kind } = body;
    const data = out.take();
    return hash === undefined ? { kind, seq, data } : { kind, seq, data, hash };
  }
}
