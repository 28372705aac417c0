// Bytes are written by fours where that can be: to V8 each write is a look at the array, its length and its buffer, which
// costs more than what is written. Numbers stand here as they are: to V8 a constant of a bundled module is a variable.

/** Positions are below this: V8 need not look whether adding to one overflows if it is told so, by a mask of all below. */
export const positionMax = 2 ** 30;
/** What is written by fours goes over its end by up to this. */
export const wordRest = 3;

/**
 * Writes a whole number from -2^31 to 2^31 - 1 in decimal. Returns where it ends; there is room for eleven bytes and
 * `wordRest`.
 */
export function writeInteger(view: DataView, position: number, value: number): number {
  let at = position & 0x3fffffff;
  // So that V8 knows that it divides whole numbers.
  const whole = value | 0;
  if (whole < 0) return writeNegative(view, at, whole);
  if (whole < 10_000) return writeUpToFour(view, at, whole);
  const high = (whole / 10_000) | 0;
  if (high < 10_000) at = writeUpToFour(view, at, high);
  else {
    const highest = (high / 10_000) | 0;
    at = writeUpToFour(view, at, highest);
    view.setInt32(at, fourDigits((high - Math.imul(highest, 10_000)) | 0), true);
    at += 4;
  }
  view.setInt32(at, fourDigits((whole - Math.imul(high, 10_000)) | 0), true);
  return at + 4;
}

/** Its last digit apart: the least one has no positive counterpart. */
function writeNegative(view: DataView, at: number, value: number): number {
  const tens = (value / 10) | 0;
  view.setInt8(at, 0x2d);
  const end = tens === 0 ? at + 1 : writeInteger(view, at + 1, -tens);
  view.setInt8(end, 0x30 + tens * 10 - value);
  return end + 1;
}

/** From 0 to 9,999, without zeros in front. */
function writeUpToFour(view: DataView, at: number, value: number): number {
  if (value < 10) {
    view.setInt8(at, 0x30 + value);
    return at + 1;
  }
  const count = value < 100 ? 2 : value < 1_000 ? 3 : 4;
  view.setInt32(at, fourDigits(value) >>> ((4 - count) << 3), true);
  return at + count;
}

/** Of a number from 0 to 9,999, the first one lowest. Multiplied and shifted: below 10,000 that is division by 100 and 10. */
function fourDigits(value: number): number {
  const hundreds = Math.imul(value, 5_243) >> 19;
  const rest = (value - Math.imul(hundreds, 100)) | 0;
  const first = Math.imul(hundreds, 103) >> 10;
  const third = Math.imul(rest, 103) >> 10;
  const second = (hundreds - Math.imul(first, 10)) | 0;
  const fourth = (rest - Math.imul(third, 10)) | 0;
  return (0x30303030 + (first | (second << 8) | (third << 16) | (fourth << 24))) | 0;
}

/**
 * Writes text that JSON writes as it is, between quotes. Returns where it ends, -1 if something in it has to be written in
 * another way; there is room for two bytes more than it has code units.
 */
export function writePlainText(view: DataView, position: number, text: string): number {
  const { length } = text;
  let at = position & 0x3fffffff;
  view.setInt8(at++, 0x22);
  let index = 0;
  for (const last = length - 4; index <= last; index += 4) {
    const first = text.charCodeAt(index);
    const second = text.charCodeAt(index + 1);
    const third = text.charCodeAt(index + 2);
    const fourth = text.charCodeAt(index + 3);
    if (!isPlain(first) || !isPlain(second) || !isPlain(third) || !isPlain(fourth)) return -1;
    view.setInt32(at, first | (second << 8) | (third << 16) | (fourth << 24), true);
    at += 4;
  }
  for (; index < length; index++) {
    const code = text.charCodeAt(index);
    if (!isPlain(code)) return -1;
    view.setInt8(at++, code);
  }
  view.setInt8(at, 0x22);
  return at + 1;
}

/** Of a UTF-16 code unit. */
function isPlain(code: number): boolean {
  return code >= 0x20 && code <= 0x7e && code !== 0x22 && code !== 0x5c;
}

/** Source that writes bytes known when it is made to `view` at `at`, which then is behind them; over the end as said above. */
export function wordsSource(bytes: readonly number[]): string {
  const writes: string[] = [];
  for (let offset = 0; offset < bytes.length; offset += 4) {
    const [first = 0, second = 0, third = 0, fourth = 0] = bytes.slice(offset, offset + 4);
    const word = first | (second << 8) | (third << 16) | (fourth << 24);
    writes.push(`view.setInt32(at + ${offset}, ${word}, true);`);
  }
  return `${writes.join(" ")} at += ${bytes.length};`;
}
