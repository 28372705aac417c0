import { writeNineDigits } from "./digits.ts";
import { PieceWriter } from "./piece-writer.ts";
import { writeInteger, writePlainText } from "./words.ts";

const encoder = new TextEncoder();
/** Up to here a loop over the bytes beats a view of them and a call of `set`. */
const shortPartMax = 24;
/** Up to here a loop over the characters beats any call. */
const shortTextMax = 48;
// oxlint-disable-next-line no-control-regex -- they are what has to be escaped
const needsEscape = /["\\\u0000-\u001f\ud800-\udfff]/;

/** Up to here a key's characters are looked at one by one. */
const keyLengthMax = 64;
/** A comma in front, quotes, a colon and a brace. */
const elementOverhead = 5;
/** Of the shortest text that gives any number back. */
export const numberLengthMax = 24;

const nullBytes = asciiBytes("null");
const trueBytes = asciiBytes("true");
const falseBytes = asciiBytes("false");

/** Bytes of ASCII text. A plain array: V8 takes the length of a typed one through floating point, for each key. */
export type Label = readonly number[];

/** For text known when a document type is compiled. */
export function asciiBytes(text: string): Label {
  return Array.from(encoder.encode(text));
}

/**
 * JSON in UTF-8. Knows where a comma belongs by the byte before: after an opening bracket, a colon or a comma, and where a
 * piece begins, there is none. A comma may be written before it is known whether anything follows: what closes takes it
 * away, so fields without braces around them may end with one.
 *
 * Bytes stand here as numbers: to V8 a constant of a bundled module is a variable, and may hold anything.
 */
export class JsonWriter extends PieceWriter {
  /** Ends the object opened at `inside`; takes back everything from `start` on if nothing was put into it. */
  closeUnlessEmpty(start: number, inside: number): void {
    if (this.position === inside) this.position = start;
    else this.closeObject();
  }

  openObject(): void {
    this.#separate();
    this.bytes[this.position++] = 0x7b;
  }

  closeObject(): void {
    this.#close(0x7d);
  }

  openArray(): void {
    this.#separate();
    this.bytes[this.position++] = 0x5b;
  }

  closeArray(): void {
    this.#close(0x5d);
  }

  /** In the place of a comma that nothing came after. */
  #close(bracket: number): void {
    const { position } = this;
    if (position > this.start && this.bytes[position - 1] === 0x2c) {
      this.bytes[position - 1] = bracket;
      return;
    }
    this.reserve(1);
    this.bytes[position] = bracket;
    this.position = position + 1;
  }

  /** A key with its colon, ready-made. */
  label(label: Label): void {
    this.#separate(label.length);
    this.#copy(label);
  }

  key(key: string): void {
    this.string(key);
    if (this.position === this.capacity) this.grow(1);
    this.bytes[this.position++] = 0x3a;
  }

  /** A key and what opens its object, with room for `count` bytes behind. Returns where they go. */
  openElement(key: string, count = 0): number {
    const { length } = key;
    if (length > keyLengthMax || this.position + length + count + elementOverhead > this.capacity) {
      return this.#openElement(key, count);
    }
    const { bytes } = this;
    let at = this.position;
    if (at !== this.start) {
      const before = bytes[at - 1];
      if (before !== 0x2c && before !== 0x7b && before !== 0x5b && before !== 0x3a) bytes[at++] = 0x2c;
    }
    const { view } = this;
    at = writePlainText(view, at, key);
    if (at < 0) return this.#openElement(key, count);
    // A colon and a brace.
    view.setInt16(at, 0x7b3a, true);
    this.position = at + 2;
    return at + 2;
  }

  #openElement(key: string, count: number): number {
    this.string(key);
    this.reserve(count + 2);
    this.bytes[this.position++] = 0x3a;
    this.bytes[this.position++] = 0x7b;
    return this.position;
  }

  /** A comma where one belongs, and room for `count` bytes. Returns where they go. */
  room(count: number): number {
    this.#separate(count);
    return this.position;
  }

  /** At a position with room for `numberLengthMax` bytes. Returns where it ends, like the next one. */
  numberAt(at: number, value: number): number {
    if ((value | 0) === value) return writeInteger(this.view, at, value);
    this.position = at;
    this.#number(value);
    return this.position;
  }

  /** Makes room for itself, and for `count` bytes behind. */
  stringAt(at: number, value: string, count: number): number {
    const { length } = value;
    if (length <= shortTextMax && at + length + 2 + count <= this.capacity) {
      const end = writePlainText(this.view, at, value);
      if (end >= 0) return end;
    }
    this.position = at;
    this.reserve(value.length + 2 + count);
    this.#string(value);
    this.reserve(count);
    return this.position;
  }

  /** Begins a piece with two safe integers; what stands before each is ready-made. Returns where it begins. */
  beginRange(head: Label, from: number, between: Label, to: number): number {
    this.begin();
    this.reserve(head.length + between.length + 2 * numberLengthMax);
    this.#copy(head);
    this.#number(from);
    this.#copy(between);
    this.#number(to);
    return this.start;
  }

  /** A field whose key is ready-made, like the next two: one look at the buffer for both halves. */
  numberField(label: Label, value: number): void {
    this.#separate(label.length + numberLengthMax);
    this.#copy(label);
    this.#number(value);
  }

  booleanField(label: Label, value: boolean): void {
    this.#separate(label.length + 5);
    this.#copy(label);
    this.#copy(value ? trueBytes : falseBytes);
  }

  stringField(label: Label, value: string): void {
    this.#separate(label.length + value.length + 2);
    this.#copy(label);
    this.#string(value);
  }

  nullField(label: Label): void {
    this.#separate(label.length + 4);
    this.#copy(label);
    this.#copy(nullBytes);
  }

  null(): void {
    this.#separate(4);
    this.#copy(nullBytes);
  }

  boolean(value: boolean): void {
    this.#separate(5);
    this.#copy(value ? trueBytes : falseBytes);
  }

  number(value: number): void {
    this.#separate(numberLengthMax);
    this.#number(value);
  }

  string(text: string): void {
    this.#separate(text.length + 2);
    this.#string(text);
  }

  /** Plain JSON data. */
  json(value: unknown): void {
    switch (typeof value) {
      case "string":
        this.string(value);
        return;
      case "number":
        this.number(value);
        return;
      case "boolean":
        this.boolean(value);
        return;
    }
    if (value === null || value === undefined) this.null();
    else if (Array.isArray(value)) {
      this.openArray();
      for (const item of value as unknown[]) this.json(item);
      this.closeArray();
    } else {
      this.openObject();
      this.jsonFields(value);
      this.closeObject();
    }
  }

  /** The fields of a plain object, in canonical order, without its braces. */
  jsonFields(value: object): void {
    for (const key of Object.keys(value).sort()) {
      const item = (value as Record<string, unknown>)[key];
      if (item === undefined) continue;
      this.key(key);
      this.json(item);
    }
  }

  /** JSON that is ready in bytes. */
  raw(bytes: Uint8Array): void {
    this.rawPart(bytes, 0, bytes.length);
  }

  /** A part of some, which may be empty. */
  rawPart(bytes: Uint8Array, begin: number, end: number): void {
    if (begin === end) return;
    this.#separate(end - begin);
    if (end - begin > shortPartMax) {
      this.bytes.set(bytes.subarray(begin, end), this.position);
      this.position += end - begin;
      return;
    }
    const target = this.bytes;
    let position = this.position;
    for (let index = begin; index < end; index++) target[position++] = bytes[index]!;
    this.position = position;
  }

  /** The fields of an object that is ready in bytes and not empty, and its closing brace, after fields of the open one. */
  restOf(object: Uint8Array): void {
    this.reserve(object.length);
    this.bytes.set(object, this.position);
    // In the place of its opening brace.
    this.bytes[this.position] = 0x2c;
    this.position += object.length;
  }

  /** There is room. */
  #copy(label: Label): void {
    const { bytes } = this;
    let { position } = this;
    for (let index = 0; index < label.length; index++) bytes[position++] = label[index]!;
    this.position = position;
  }

  /** There is room. */
  #number(value: number): void {
    if ((value | 0) === value) this.position = writeInteger(this.view, this.position, value);
    else if (!Number.isSafeInteger(value)) this.#ascii(JSON.stringify(value));
    else {
      // Times and states of random numbers. The remainder is exact, and so is what is left to divide.
      const low = value % 1e9;
      const at = writeInteger(this.view, this.position, (value - low) / 1e9);
      this.position = writeNineDigits(this.bytes, at, Math.abs(low));
    }
  }

  /** There is room for its quotes and one byte for each of its characters. */
  #string(text: string): void {
    if (text.length <= shortTextMax) {
      const end = writePlainText(this.view, this.position, text);
      if (end >= 0) {
        this.position = end;
        return;
      }
    }
    if (needsEscape.test(text)) this.#text(JSON.stringify(text));
    else this.#quoted(text);
  }

  #ascii(text: string): void {
    for (let index = 0; index < text.length; index++) this.bytes[this.position++] = text.charCodeAt(index);
  }

  /** Its quotes apart: with them it would be copied once more, a quarter of the time it takes. */
  #quoted(text: string): void {
    this.reserve(text.length * 3 + 2);
    this.bytes[this.position++] = 0x22;
    this.#text(text);
    this.bytes[this.position++] = 0x22;
  }

  #text(text: string): void {
    // Three bytes are the most one UTF-16 code unit needs.
    this.reserve(text.length * 3);
    this.position += encoder.encodeInto(text, this.bytes.subarray(this.position)).written;
  }

  /** Makes room for `count` bytes and a comma, and writes the comma where one belongs. */
  #separate(count = 1): void {
    const position = this.position;
    if (position + count + 1 > this.capacity) this.grow(count + 1);
    if (position === this.start) return;
    const before = this.bytes[position - 1];
    if (before !== 0x2c && before !== 0x7b && before !== 0x5b && before !== 0x3a) {
      this.bytes[position] = 0x2c;
      this.position = position + 1;
    }
  }
}
