import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { asciiBytes, JsonWriter } from "../src/encode/json-writer.ts";
import { LimitError } from "../src/state/limit-error.ts";

const decoder = new TextDecoder();

describe("a writer of JSON", () => {
  test("keeps every piece as it was taken, whatever is written after it", () => {
    const lengths = fc.oneof(
      fc.integer({ min: 0, max: 60 }),
      fc.integer({ min: 400, max: 3_000 }),
      fc.integer({ min: 15_000, max: 70_000 }),
    );
    const piece = fc.record({ lengths: fc.array(lengths, { maxLength: 4 }), isDropped: fc.boolean() });
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1, maxLength: 60 }), (pieces) => {
        const out = new JsonWriter();
        const taken: { bytes: Uint8Array; text: string }[] = [];
        for (const [number, { lengths, isDropped }] of pieces.entries()) {
          out.begin();
          const texts = lengths.map((length, index) =>
            String.fromCharCode(97 + ((number + index) % 26)).repeat(length),
          );
          out.openArray();
          for (const text of texts) out.string(text);
          out.closeArray();
          const text = JSON.stringify(texts);
          expect(out.length).toBe(text.length);
          expect(decoder.decode(out.peek())).toBe(text);
          if (!isDropped) taken.push({ bytes: out.take(), text });
        }
        for (const { bytes, text } of taken) expect(decoder.decode(bytes)).toBe(text);
      }),
      { numRuns: 200 },
    );
  });

  test("an object whose fields were taken back is gone, also where it was moved meanwhile", () => {
    const out = new JsonWriter();
    for (let filled = 0; filled < 17_000; filled += 1_000) {
      out.begin();
      out.string("x".repeat(998));
      out.take();
    }
    out.begin();
    out.openObject();
    out.numberField(asciiBytes('"a":'), 1);
    const start = out.position;
    out.openElement("x".repeat(20_000));
    out.closeUnlessEmpty(start, out.position);
    out.openElement("kept");
    const inside = out.position;
    out.booleanField(asciiBytes('"b":'), false);
    out.closeUnlessEmpty(start, inside);
    out.nullField(asciiBytes('"c":'));
    out.restOf(new TextEncoder().encode('{"d":[]}'));
    expect(decoder.decode(out.take())).toBe('{"a":1,"kept":{"b":false},"c":null,"d":[]}');
  });

  test("puts a head before what was written first, whatever has become of the memory", () => {
    const heads = fc.record({ head: fc.stringMatching(/^[a-z]{0,40}$/), number: fc.maxSafeNat() });
    const piece = fc.record({ heads, length: fc.oneof(fc.nat(60), fc.integer({ min: 400, max: 20_000 })) });
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1, maxLength: 40 }), (pieces) => {
        const out = new JsonWriter();
        const taken = pieces.map(({ heads: { head, number }, length }) => {
          out.begin(64);
          out.string("x".repeat(length));
          expect(out.length).toBe(length + 2);
          out.prependByte(0x2c);
          out.prependInteger(number);
          out.prepend(asciiBytes(head));
          return { bytes: out.take(), text: `${head}${number},"${"x".repeat(length)}"` };
        });
        for (const { bytes, text } of taken) expect(decoder.decode(bytes)).toBe(text);
      }),
      { numRuns: 100 },
    );
  });

  test("counts against its bound what is being written, and not what was", () => {
    const out = new JsonWriter(3_000);
    for (let piece = 0; piece < 100; piece++) {
      out.begin();
      out.string("y".repeat(2_000));
      expect(out.take()).toHaveLength(2_002);
    }
    out.begin();
    out.string("z".repeat(3_000));
    expect(() => out.take()).toThrow(LimitError);
    out.begin();
    out.string("after");
    expect(decoder.decode(out.take())).toBe('"after"');
  });
});
