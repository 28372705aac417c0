import type { CreditGrant } from "../generated/link-types.ts";

/** An entry of a credit frame carries 16 bits of credit. */
export const GRANT_MAX = 0xffff;

/** A grant of any size as entries of a credit frame. */
export function creditEntries(stream: number, messages: number): CreditGrant[] {
  const entries: CreditGrant[] = [];
  for (let left = messages; left > 0; left -= GRANT_MAX) {
    entries.push({ stream, messages: Math.min(GRANT_MAX, left) });
  }
  return entries;
}
