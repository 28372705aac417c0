import { InvalidArgumentError } from "commander";

/** `2026-11-22T11:30:00Z`, or milliseconds since 1970. In ms. */
export function moment(text: string): number {
  const at = /^\d+$/.test(text) ? Number(text) : Date.parse(text);
  if (!Number.isSafeInteger(at)) throw new InvalidArgumentError("write a time like 2026-11-22T11:30:00Z");
  return at;
}

export function seqNumber(text: string): number {
  const seq = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(seq)) throw new InvalidArgumentError("write a whole number");
  return seq;
}
