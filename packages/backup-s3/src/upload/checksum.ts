import { createHash } from "node:crypto";
import { othersTurn } from "../others-turn.ts";
import { PIECE_BYTES } from "./read-range.ts";

/** SHA-256 in hex; lets others run between pieces. */
export async function checksumOf(bytes: Uint8Array): Promise<string> {
  const hash = createHash("sha256");
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
    hash.update(bytes.subarray(at, at + PIECE_BYTES));
    await othersTurn();
  }
  return hash.digest("hex");
}
