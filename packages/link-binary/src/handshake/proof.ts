import { createHmac, timingSafeEqual } from "node:crypto";
import { type Codec, Reader, Writer } from "@tidewire/wire";

// A proof covers a message as it travels, with the proof's own bytes zeroed. So fields of a newer peer that this side
// does not know are covered, too.

export type SharedKey = string | Uint8Array;

export const NO_PROOF = new Uint8Array(32);

/** HMAC-SHA256 under a label, every part with its length in front. Zeros where there is no key. */
export function proofOf(key: SharedKey | undefined, label: string, parts: readonly Uint8Array[]): Uint8Array {
  if (key === undefined) return NO_PROOF;
  const hmac = createHmac("sha256", key);
  hmac.update(`tidewire-link ${label}\0`);
  for (const part of parts) {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(part.length);
    hmac.update(length);
    hmac.update(part);
  }
  return hmac.digest();
}

export function isProof(proof: Uint8Array, expected: Uint8Array): boolean {
  return proof.length === expected.length && timingSafeEqual(proof, expected);
}

/** Reads a message with a proof; also gives the bytes the proof covers. Everything is copied. */
export function readProved<Message extends { readonly proof: Uint8Array }>(
  codec: Codec<Message>,
  body: Reader,
): { readonly message: Message; readonly covered: Uint8Array } {
  const covered = new Uint8Array(body.buffer.subarray(body.position, body.end));
  const message = codec.decode(new Reader(covered));
  const proof = new Uint8Array(message.proof);
  // The decoder gave a view into `covered`.
  message.proof.fill(0);
  return { message: { ...message, proof }, covered };
}

/** Encodes a message whose proof `prove` makes from the bytes it covers. */
export function writeProved<Message extends { readonly proof: Uint8Array }>(
  codec: Codec<Message>,
  message: Message,
  prove: (covered: Uint8Array) => Uint8Array,
): { readonly body: Uint8Array; readonly covered: Uint8Array } {
  const writer = new Writer({ initialBytes: 1024 });
  codec.encode(writer, { ...message, proof: NO_PROOF });
  const covered = new Uint8Array(writer.written());
  const body = new Uint8Array(covered);
  codec.decode(new Reader(body)).proof.set(prove(covered));
  return { body, covered };
}
