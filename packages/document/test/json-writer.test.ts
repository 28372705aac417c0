import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { JsonWriter } from "../src/encode/json-writer.ts";

const decoder = new TextDecoder();

function written(value: number): string {
  const out = new JsonWriter();
  out.number(value);
  return decoder.decode(out.take());
}

test.each([
  0,
  -0,
  9,
  10,
  1e9 - 1,
  1e9,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 31 + 1,
  99,
  100,
  999,
  1_000,
  9_999,
  10_000,
  123_456,
  1e10,
  1e15,
  2 ** 53 - 1,
  2 ** 53,
  1e21,
  0.5,
])("%d is written as JSON.stringify writes it, with either sign", (value) => {
  expect([written(value), written(-value)]).toEqual([JSON.stringify(value), JSON.stringify(-value)]);
});

test("so is any number", () => {
  const anyNumber = fc.oneof(fc.maxSafeInteger(), fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }));
  fc.assert(fc.property(anyNumber, (value) => expect(written(value)).toBe(JSON.stringify(value))));
});

test("so is every whole number of up to five digits", () => {
  const out = new JsonWriter();
  for (let value = 0; value < 100_000; value++) {
    out.begin();
    out.number(value);
    if (decoder.decode(out.peek()) !== String(value)) throw new Error(`${value}: ${decoder.decode(out.peek())}`);
  }
});
