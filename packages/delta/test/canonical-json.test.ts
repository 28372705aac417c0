import { describe, expect, test } from "@jest/globals";
import { ServiceError } from "@tidewire/foundation";
import * as fc from "fast-check";
import { canonicalJson, hashBytes, hashView, type JsonValue } from "../src/index.ts";
import { referenceXxh64 } from "./support/reference-xxh64.ts";

interface GrowingMemory {
  grow(pages: number): number;
}
/** No library of types that this package is checked with has it. */
declare const WebAssembly: { readonly Memory: new (descriptor: { readonly initial: number }) => GrowingMemory };

/** RFC 8785 appendix B: IEEE 754 bits and the text they must give. */
const numbers: [bits: string, text: string][] = [
  ["0000000000000000", "0"],
  ["8000000000000000", "0"],
  ["0000000000000001", "5e-324"],
  ["8000000000000001", "-5e-324"],
  ["7fefffffffffffff", "1.7976931348623157e+308"],
  ["ffefffffffffffff", "-1.7976931348623157e+308"],
  ["4340000000000000", "9007199254740992"],
  ["c340000000000000", "-9007199254740992"],
  ["4430000000000000", "295147905179352830000"],
  ["44b52d02c7e14af5", "9.999999999999997e+22"],
  ["44b52d02c7e14af6", "1e+23"],
  ["44b52d02c7e14af7", "1.0000000000000001e+23"],
  ["444b1ae4d6e2ef4e", "999999999999999700000"],
  ["444b1ae4d6e2ef4f", "999999999999999900000"],
  ["444b1ae4d6e2ef50", "1e+21"],
  ["3eb0c6f7a0b5ed8c", "9.999999999999997e-7"],
  ["3eb0c6f7a0b5ed8d", "0.000001"],
  ["41b3de4355555553", "333333333.3333332"],
  ["41b3de4355555554", "333333333.33333325"],
  ["41b3de4355555555", "333333333.3333333"],
  ["41b3de4355555556", "333333333.3333334"],
  ["41b3de4355555557", "333333333.33333343"],
  ["becbf647612f3696", "-0.0000033333333333333333"],
  ["43143ff3c1cb0959", "1424953923781206.2"],
];

function fromBits(bits: string): number {
  return Buffer.from(bits, "hex").readDoubleBE();
}

describe("canonical JSON", () => {
  test.each(numbers)("the number with the bits %s is %s", (bits, text) => {
    expect(canonicalJson(fromBits(bits))).toBe(text);
  });

  test.each(["7fffffffffffffff", "7ff0000000000000"])("the bits %s are no JSON number", (bits) => {
    expect(() => canonicalJson({ n: fromBits(bits) })).toThrow(ServiceError);
  });

  test("the structure example of RFC 8785 section 3.2.2", () => {
    const input: JsonValue = {
      numbers: [Number("333333333.33333329"), 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
      string: '\u20ac$\u000f\u000aA\u0027\u0042\u0022\u005c\\"/',
      literals: [null, true, false],
    };
    expect(canonicalJson(input)).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    );
  });

  test("the sorting example of RFC 8785 section 3.2.3: UTF-16 code units, not code points", () => {
    const input = {
      "\u20ac": "Euro Sign",
      "\r": "Carriage Return",
      "\ufb33": "Hebrew Letter Dalet With Dagesh",
      "1": "One",
      "\ud83d\ude00": "Emoji: Grinning Face",
      "\u0080": "Control",
      "\u00f6": "Latin Small Letter O With Diaeresis",
    };
    expect(Object.values(JSON.parse(canonicalJson(input)) as object)).toContain("One");
    const order = ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\ud83d\ude00", "\ufb33"];
    expect(canonicalJson(input)).toBe(
      `{${order.map((key) => `${JSON.stringify(key)}:${JSON.stringify(input[key as "1"])}`).join(",")}}`,
    );
  });

  test("the order in which fields were set does not matter, and the text reads back", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: "binary" }), fc.jsonValue()), (dictionary) => {
        const value = JSON.parse(JSON.stringify(dictionary)) as Record<string, JsonValue>;
        const reversed = Object.fromEntries(Object.entries(value).reverse());
        expect(canonicalJson(reversed)).toBe(canonicalJson(value));
        expect(JSON.parse(canonicalJson(value))).toEqual(value);
      }),
    );
  });

  test("what is not JSON is refused", () => {
    for (const value of [{ f: () => 1 }, [undefined], 1n, Symbol("s"), { n: Number.NaN }]) {
      expect(() => canonicalJson(value as unknown as JsonValue)).toThrow(ServiceError);
    }
  });

  test("a lone surrogate is written as its escape, so that every state has a hash", () => {
    expect(canonicalJson("\ud800")).toBe('"\\ud800"');
  });
});

describe("the hash", () => {
  test("the published vectors of XXH64 with seed 0", () => {
    const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
    expect(hashBytes(bytes(""))).toBe("ef46db3751d8e999");
    expect(hashBytes(bytes("a"))).toBe("d24ec4f1a98c6e5b");
    expect(hashBytes(bytes("abc"))).toBe("44bc2cf5ad770999");
  });

  test("agrees with an implementation that shares no code with it", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(hashBytes(bytes)).toBe(referenceXxh64(bytes));
      }),
    );
    const large = Uint8Array.from({ length: 300_000 }, (_, index) => (index * 31) >>> 3);
    expect(hashBytes(large)).toBe(referenceXxh64(large));
  });

  test("of what is large makes no memory grow: V8 would look at every buffer of the process more closely from then on", () => {
    const prototype = WebAssembly.Memory.prototype as object;
    const grow = Object.getOwnPropertyDescriptor(prototype, "grow")!;
    let growths = 0;
    const counted = function (this: GrowingMemory, pages: number): number {
      growths++;
      return (grow.value as (pages: number) => number).call(this, pages);
    };
    Object.defineProperty(prototype, "grow", { ...grow, value: counted });
    try {
      new WebAssembly.Memory({ initial: 1 }).grow(1);
      expect(growths).toBe(1);
      for (const length of [10_922, 10_923, 32_767, 32_768, 32_769, 65_535, 65_536, 65_537, 200_000]) {
        const text = "\u20ac".repeat(length);
        const bytes = new TextEncoder().encode(text).subarray(0, length);
        expect(hashBytes(bytes)).toBe(referenceXxh64(bytes));
        expect(hashView(text)).toBe(referenceXxh64(new TextEncoder().encode(`"${text}"`)));
      }
      expect(growths).toBe(1);
    } finally {
      Object.defineProperty(prototype, "grow", grow);
    }
  });

  test("of a view is that of its canonical text in UTF-8", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const json = JSON.parse(JSON.stringify(value)) as JsonValue;
        expect(hashView(json)).toBe(referenceXxh64(new TextEncoder().encode(canonicalJson(json))));
      }),
    );
    expect(hashView({})).toBe(referenceXxh64(new TextEncoder().encode("{}")));
  });
});
