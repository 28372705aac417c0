import { LimitError } from "../state/limit-error.ts";

const encoder = new TextEncoder();
const initialBytes = 1_024;
/** Many short pieces share memory: a view of it costs a fraction of an array of its own. */
const slabBytes = 16 * 1_024;
/** Larger pieces have memory of their own, so that one of them does not keep that of others alive. */
const sharedPieceMax = 2 * 1_024;
/** With less room than this the next piece begins in new memory, because it would soon have to move there. */
const roomMin = 512;
/** Up to here a loop over the bytes beats a call of `set`. */
const shortCopyMax = 32;
/** Up to here a loop over the characters beats any call. */
const shortTextMax = 48;
// oxlint-disable-next-line no-control-regex -- they are what has to be escaped
const needsEscape = /["\\\u0000-\u001f\ud800-\udfff]/;

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const colon = 0x3a;
const braceOpen = 0x7b;
const braceClose = 0x7d;
const bracketOpen = 0x5b;
const bracketClose = 0x5d;
const zero = 0x30;
/** Of the shortest text that gives any number back. */
const numberLengthMax = 24;
const minus = 0x2d;

const nullBytes = asciiBytes("null");
const trueBytes = asciiBytes("true");
const falseBytes = asciiBytes("false");

/** For text known when a document type is compiled. */
export function asciiBytes(text: string): Uint8Array {
  return encoder.encode(text);
}

/**
 * JSON in UTF-8, one piece after the other, straight into where it stays. Knows where a comma belongs by the byte before:
 * after an opening bracket or a colon there is none.
 */
export class JsonWriter {
  readonly #bytesMax: number;
  #bytes = new Uint8Array(initialBytes);
  /** Of `#bytes`: asking an array for it costs more than making another array. */
  #buffer = this.#bytes.buffer;
  /** Where the open piece begins; before it are pieces that were taken. */
  #start = 0;
  #position = 0;

  /** Throws `LimitError("viewMaxBytes")` when more than `bytesMax` would be written. */
  constructor(bytesMax = Number.MAX_SAFE_INTEGER) {
    this.#bytesMax = bytesMax;
  }

  /** Where the next byte goes: to be compared with what it was before in the same piece. */
  get position(): number {
    return this.#position;
  }

  /** Bytes of the open piece. */
  get length(): number {
    return this.#position - this.#start;
  }

  /** Begins a piece anew; what was written since the last `take` is gone. */
  begin(): void {
    this.#position = this.#start;
  }

  /** What was written; it is not written to again. */
  take(): Uint8Array {
    const { length } = this;
    this.#assertWithin();
    if (length > sharedPieceMax || this.#bytes.length > slabBytes) {
      const piece = this.#bytes.slice(this.#start, this.#position);
      // One large view must not occupy memory for ever.
      if (this.#bytes.length > slabBytes && length < this.#bytes.length / 8) this.#startAnew();
      this.begin();
      return piece;
    }
    const piece = this.#view();
    this.#start = this.#position;
    if (this.#bytes.length - this.#start < roomMin) this.#startAnew();
    return piece;
  }

  /** What was written, valid until the next write. */
  peek(): Uint8Array {
    this.#assertWithin();
    return this.#view();
  }

  /** Half the price of `subarray`, which looks at what kind of array it is. */
  #view(): Uint8Array {
    return new Uint8Array(this.#buffer, this.#start, this.#position - this.#start);
  }

  #use(bytes: Uint8Array<ArrayBuffer>): void {
    this.#bytes = bytes;
    this.#buffer = bytes.buffer;
  }

  #startAnew(): void {
    this.#use(new Uint8Array(slabBytes));
    this.#start = 0;
    this.#position = 0;
  }

  /** Ends the object opened at `inside`; takes back everything from `start` on if nothing was put into it. */
  closeUnlessEmpty(start: number, inside: number): void {
    if (this.#position === inside) this.#position = start;
    else this.closeObject();
  }

  openObject(): void {
    this.#separate();
    this.#bytes[this.#position++] = braceOpen;
  }

  closeObject(): void {
    this.#reserve(1);
    this.#bytes[this.#position++] = braceClose;
  }

  openArray(): void {
    this.#separate();
    this.#bytes[this.#position++] = bracketOpen;
  }

  closeArray(): void {
    this.#reserve(1);
    this.#bytes[this.#position++] = bracketClose;
  }

  /** A key with its colon, ready-made. */
  label(label: Uint8Array): void {
    this.#separate(label.length);
    this.#copy(label);
  }

  key(key: string): void {
    this.string(key);
    if (this.#position === this.#bytes.length) this.#grow(1);
    this.#bytes[this.#position++] = colon;
  }

  /** A key and what opens its object. */
  openElement(key: string): void {
    this.string(key);
    if (this.#position + 2 > this.#bytes.length) this.#grow(2);
    const bytes = this.#bytes;
    const position = this.#position;
    bytes[position] = colon;
    bytes[position + 1] = braceOpen;
    this.#position = position + 2;
  }

  /**
   * For generated code: a comma where one belongs, room for `count` bytes, which the caller puts into `bytes`, and for a
   * number or flag behind them. Returns where they go.
   */
  room(count: number): number {
    this.#separate(count + numberLengthMax);
    return this.#position;
  }

  /** Only after `room`, until anything else is called. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  numberAfter(position: number, value: number): void {
    this.#position = position;
    this.#number(value);
  }

  booleanAfter(position: number, value: boolean): void {
    const bytes = this.#bytes;
    // "true" or "fals" and "e": the same number of steps until the last one.
    bytes[position] = value ? 0x74 : 0x66;
    bytes[position + 1] = value ? 0x72 : 0x61;
    bytes[position + 2] = value ? 0x75 : 0x6c;
    bytes[position + 3] = value ? 0x65 : 0x73;
    bytes[position + 4] = 0x65;
    this.#position = position + (value ? 4 : 5);
  }

  stringAfter(position: number, value: string): void {
    this.#position = position;
    this.#reserve(value.length + 2);
    this.#string(value);
  }

  /** A field whose key is ready-made, like the next two: one look at the buffer for both halves. */
  numberField(label: Uint8Array, value: number): void {
    this.#separate(label.length + numberLengthMax);
    this.#copy(label);
    this.#number(value);
  }

  booleanField(label: Uint8Array, value: boolean): void {
    this.#separate(label.length + 5);
    this.#copy(label);
    this.#copy(value ? trueBytes : falseBytes);
  }

  stringField(label: Uint8Array, value: string): void {
    this.#separate(label.length + value.length + 2);
    this.#copy(label);
    this.#string(value);
  }

  nullField(label: Uint8Array): void {
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
    this.#separate(bytes.length);
    this.#copy(bytes);
  }

  /** The fields of an object that is ready in bytes and not empty, and its closing brace, after fields of the open one. */
  restOf(object: Uint8Array): void {
    this.#reserve(object.length);
    this.#bytes.set(object, this.#position);
    // In the place of its opening brace.
    this.#bytes[this.#position] = comma;
    this.#position += object.length;
  }

  #copy(bytes: Uint8Array): void {
    const { length } = bytes;
    if (length > shortCopyMax) {
      this.#bytes.set(bytes, this.#position);
      this.#position += length;
      return;
    }
    const target = this.#bytes;
    let position = this.#position;
    for (let index = 0; index < length; index++) target[position++] = bytes[index]!;
    this.#position = position;
  }

  /** There is room. */
  #number(value: number): void {
    if (!Number.isSafeInteger(value)) this.#ascii(JSON.stringify(value));
    else if (value < 2 ** 31 && value > -(2 ** 31)) this.#smallInteger(value);
    else {
      // Times and states of random numbers. The remainder is exact, and so is what is left to divide.
      const low = value % 1e9;
      this.#smallInteger((value - low) / 1e9);
      this.#nineDigits(Math.abs(low));
    }
  }

  #nineDigits(value: number): void {
    const start = this.#position;
    let rest = value;
    for (let at = start + 8; at >= start; at--) {
      const next = (rest / 10) | 0;
      this.#bytes[at] = zero + rest - next * 10;
      rest = next;
    }
    this.#position = start + 9;
  }

  /** There is room for its quotes and one byte for each of its characters. */
  #string(text: string): void {
    const { length } = text;
    if (length <= shortTextMax) {
      const bytes = this.#bytes;
      let position = this.#position;
      bytes[position++] = quote;
      let index = 0;
      for (; index < length; index++) {
        const code = text.charCodeAt(index);
        if (code < 0x20 || code > 0x7e || code === quote || code === backslash) break;
        bytes[position++] = code;
      }
      if (index === length) {
        bytes[position++] = quote;
        this.#position = position;
        return;
      }
    }
    if (needsEscape.test(text)) this.#text(JSON.stringify(text));
    else this.#quoted(text);
  }

  /** Above -1e9 and below 1e9. */
  #smallInteger(value: number): void {
    // So that V8 knows that it divides whole numbers.
    let rest = value | 0;
    const bytes = this.#bytes;
    let start = this.#position;
    if (rest < 0) {
      bytes[start++] = minus;
      rest = -rest;
    }
    let end = start + 1;
    for (let bound = 10; rest >= bound; bound *= 10) end++;
    this.#position = end;
    for (let at = end - 1; at >= start; at--) {
      const next = (rest / 10) | 0;
      bytes[at] = zero + rest - next * 10;
      rest = next;
    }
  }

  #ascii(text: string): void {
    for (let index = 0; index < text.length; index++) this.#bytes[this.#position++] = text.charCodeAt(index);
  }

  /** Its quotes apart: with them it would be copied once more, a quarter of the time it takes. */
  #quoted(text: string): void {
    this.#reserve(text.length * 3 + 2);
    this.#bytes[this.#position++] = quote;
    this.#text(text);
    this.#bytes[this.#position++] = quote;
  }

  #text(text: string): void {
    // Three bytes are the most one UTF-16 code unit needs.
    this.#reserve(text.length * 3);
    this.#position += encoder.encodeInto(text, this.#bytes.subarray(this.#position)).written;
  }

  /** Makes room for `count` bytes and a comma, and writes the comma where one belongs. */
  #separate(count = 1): void {
    const position = this.#position;
    if (position + count + 1 > this.#bytes.length) this.#grow(count + 1);
    if (position === this.#start) return;
    const before = this.#bytes[position - 1];
    if (before !== braceOpen && before !== bracketOpen && before !== colon) {
      this.#bytes[position] = comma;
      this.#position = position + 1;
    }
  }

  #assertWithin(): void {
    if (this.length > this.#bytesMax) throw new LimitError("viewMaxBytes", this.#bytesMax);
  }

  #reserve(count: number): void {
    if (this.#position + count > this.#bytes.length) this.#grow(count);
  }

  /** The open piece moves, and leaves the memory before it to those that were taken. Positions stay what they are. */
  #grow(count: number): void {
    this.#assertWithin();
    const position = this.#position;
    const grown = new Uint8Array(Math.max(position + count, position * 2));
    grown.set(this.#bytes.subarray(this.#start, position), this.#start);
    this.#use(grown);
  }
}
