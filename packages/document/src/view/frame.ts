import type { Frame } from "../runtime/runtime.ts";

const encoder = new TextEncoder();
const comma = 0x2c;

/** A frame's content without its head. */
export interface FrameBody {
  readonly kind: "snapshot" | "delta";
  /** One JSON object, without `@s` and `@h`. */
  readonly json: Uint8Array;
}

/** Puts `@s`, and `@h` if there is one, in front of the fields. */
export function frameOf(body: FrameBody, seq: number, hash: string | undefined): Frame {
  const head = encoder.encode(hash === undefined ? `{"@s":${seq}` : `{"@s":${seq},"@h":"${hash}"`);
  const { json } = body;
  const isEmpty = json.length === 2;
  const data = new Uint8Array(head.length + (isEmpty ? 1 : json.length));
  data.set(head);
  // The body's opening brace becomes the comma after the head.
  data.set(isEmpty ? json.subarray(1) : json, head.length);
  if (!isEmpty) data[head.length] = comma;
  return { kind: body.kind, seq, data, ...(hash === undefined ? {} : { hash }) };
}

export const emptyDelta: FrameBody = { kind: "delta", json: encoder.encode("{}") };
