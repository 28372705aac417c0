import { describe, expect, test } from "@jest/globals";
import { ServiceError } from "@tidewire/foundation";
import { type Codec, Reader } from "@tidewire/wire";
import fc from "fast-check";
import { ReferenceEncoder } from "../src/golden/reference-encoder.ts";
import { SampleValues } from "../src/golden/sample-values.ts";
import type { Protocol } from "../src/model/protocol.ts";
import { allCodecCases, type CodecCase } from "./support/protocols.ts";

const numRuns = Number(process.env["TIDEWIRE_CODEC_RUNS"] ?? 100);
const cases = await allCodecCases();

/** Whether some overwritten number makes the type unreadable; not so for numbers of which every bit pattern is one. */
function canBeRefused(protocol: Protocol, type: string): boolean {
  const union = protocol.unions.find((candidate) => candidate.name === type);
  if (union?.unknown === "fault") return true;
  if (union !== undefined) return union.variants.some((variant) => canBeRefused(protocol, variant.type));
  const fields = protocol.messages.find((message) => message.name === type)?.fields ?? [];
  const anyPattern = new Set(["u8", "u16", "u32", "i32", "u64", "i64", "f64"]);
  return fields.some((field) => field.container !== "single" || field.isOptional || !anyPattern.has(field.type.name));
}

/** What a decoder may do with any bytes: give a message, or throw the one error. Anything else fails the test. */
function outcomeOf(codec: Codec<unknown>, bytes: Uint8Array): "message" | "refused" {
  let value: unknown;
  try {
    value = codec.decode(new Reader(bytes));
  } catch (error) {
    if (error instanceof ServiceError && error.code === "invalid_argument") return "refused";
    throw error;
  }
  // Whatever is built must have been paid for in bytes: a count alone buys nothing.
  const size = sizeOf(value);
  if (size > 64 + 64 * bytes.length) throw new Error(`${bytes.length} bytes became ${size} parts`);
  return "message";
}

/** Parts a value consists of: members, elements, characters, bytes. */
function sizeOf(value: unknown): number {
  if (typeof value === "string" || value instanceof Uint8Array) return 1 + value.length;
  if (value instanceof Map) return [...value].reduce((sum, entry) => sum + sizeOf(entry), 1);
  if (typeof value !== "object" || value === null) return 1;
  return Object.values(value).reduce((sum: number, member) => sum + sizeOf(member), 1);
}

function largestSamples({ protocol, type }: CodecCase): Buffer[] {
  const encoder = new ReferenceEncoder(protocol);
  return new SampleValues(protocol).of(type, "largest").map((value) => encoder.encode(type, value));
}

describe("a message cut at any byte is refused, except where an older version ends", () => {
  test.each(cases)("%s", (_, codecCase) => {
    const { protocol, type, codecs } = codecCase;
    const samples = largestSamples(codecCase);
    expect(samples.length).toBeGreaterThan(0);
    for (const [index, whole] of samples.entries()) {
      const value = new SampleValues(protocol).of(type, "largest")[index];
      const ends = new Set<number>();
      for (let version = 1; version <= protocol.version; version++) {
        ends.add(new ReferenceEncoder(protocol, version).encode(type, value).length);
      }
      for (let length = 0; length <= whole.length; length++) {
        const outcome = outcomeOf(codecs.get(type)!, whole.subarray(0, length));
        if (outcome === (ends.has(length) ? "message" : "refused")) continue;
        throw new Error(`cut at ${length} of ${whole.length}: ${outcome}`);
      }
    }
  });
});

describe("a hostile length or count anywhere is refused or harmless", () => {
  test.each(cases)("%s", (_, codecCase) => {
    const codec = codecCase.codecs.get(codecCase.type)!;
    let refused = 0;
    for (const whole of largestSamples(codecCase)) {
      for (let at = 0; at + 4 <= whole.length; at++) {
        for (const hostile of [0xffff_ffff, 0xffff_fffe, 0x7fff_ffff, 0x00ff_ffff, 0x0000_ffff, whole.length, 0]) {
          const bytes = Buffer.from(whole);
          bytes.writeUInt32LE(hostile, at);
          if (outcomeOf(codec, bytes) === "refused") refused++;
        }
      }
    }
    expect(refused > 0).toBe(canBeRefused(codecCase.protocol, codecCase.type));
  });
});

describe("arbitrary bytes are a message or refused", () => {
  test.each(cases)("%s", (_, codecCase) => {
    const codec = codecCase.codecs.get(codecCase.type)!;
    const flipped = fc
      .tuple(fc.constantFrom(...largestSamples(codecCase)), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 6 }))
      .map(([whole, changes]) => {
        const bytes = Buffer.from(whole);
        for (const [at, value] of changes) if (bytes.length > 0) bytes[at % bytes.length] = value;
        return bytes;
      });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), flipped), (bytes) => {
        outcomeOf(codec, bytes);
      }),
      { numRuns },
    );
  });
});

test("a list of empty messages cannot be larger than its bytes allow", () => {
  const [, { codecs }] = cases.find(([title]) => title === "everything.Lists")!;
  const bytes = Buffer.alloc(4 * 10);
  bytes.writeUInt32LE(65_536, 4 * 9);
  expect(outcomeOf(codecs.get("Lists")!, bytes)).toBe("refused");
});
