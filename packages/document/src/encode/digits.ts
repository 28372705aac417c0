// Bytes stand here as numbers: to V8 a constant of a bundled module is a variable, and may hold anything.

/** Writes a whole number from -2^31 to 2^31 - 1 in decimal. Returns where it ends; there is room for eleven bytes. */
export function writeSmallInteger(bytes: Uint8Array, at: number, value: number): number {
  // So that V8 knows that it divides whole numbers.
  const whole = value | 0;
  if (whole < 0) return writeNegative(bytes, at, whole);
  if (whole < 10) {
    bytes[at] = 0x30 + whole;
    return at + 1;
  }
  const end = at + digitsOf(whole);
  writeDigits(bytes, end, whole);
  return end;
}

/** Its last digit apart: the least one has no positive counterpart. */
function writeNegative(bytes: Uint8Array, at: number, value: number): number {
  const tens = (value / 10) | 0;
  bytes[at] = 0x2d;
  const end = tens === 0 ? at + 1 : writeSmallInteger(bytes, at + 1, -tens);
  bytes[end] = 0x30 + tens * 10 - value;
  return end + 1;
}

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

/** Of a number from 10 on. */
function digitsOf(value: number): number {
  if (value < 1_000) return value < 100 ? 2 : 3;
  let count = 4;
  for (let bound = 10_000; value >= bound; bound *= 10) count++;
  return count;
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
