// Bytes stand here as numbers: to V8 a constant of a bundled module is a variable, and may hold anything.

/** Writes the digits of a whole number from 0 to 2^31 - 1 so that they end before `end`. Returns where they begin. */
export function writeDigits(bytes: Uint8Array, end: number, value: number): number {
  let rest = value | 0;
  let at = end;
  do {
    const next = (rest / 10) | 0;
    bytes[--at] = 0x30 + rest - next * 10;
    rest = next;
  } while (rest > 0);
  return at;
}

/** Exactly nine digits, with zeros in front. */
export function writeNineDigits(bytes: Uint8Array, start: number, value: number): number {
  let rest = value;
  for (let at = start + 8; at >= start; at--) {
    const next = (rest / 10) | 0;
    bytes[at] = 0x30 + rest - next * 10;
    rest = next;
  }
  return start + 9;
}
