import { describe, expect, test } from "@jest/globals";
import { ServiceError } from "@tidewire/foundation";
import fc from "fast-check";
import { MESSAGE_MAX_BYTES, Reader, Writer } from "../src/index.ts";

function errorOf(action: () => unknown): ServiceError {
  try {
    action();
  } catch (error) {
    if (error instanceof ServiceError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

function readerOver(write: (writer: Writer) => void): Reader {
  const writer = new Writer({ initialBytes: 1 });
  write(writer);
  return new Reader(writer.written());
}

describe("bytes", () => {
  test("are views, or copies for a message that outlives the buffer", () => {
    const reader = readerOver((writer) => {
      writer.bytes(new Uint8Array([1, 2]), 0, 8, "b");
      writer.bytes(new Uint8Array([3, 4]), 0, 8, "b");
    });
    const view = reader.bytes(0, 8, "b");
    reader.copiesBytes = true;
    const copy = reader.bytes(0, 8, "b");
    reader.buffer.fill(9);
    expect([[...view], [...copy]]).toEqual([
      [9, 9],
      [3, 4],
    ]);
    expect(copy.buffer.byteLength).toBe(2);
  });
});

describe("numbers", () => {
  test("u53 keeps every safe integer", () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (value) => {
        const reader = readerOver((writer) => writer.putU53(writer.reserve(8), value, "n"));
        expect(reader.u53(reader.take(8), "n")).toBe(value);
      }),
    );
  });

  test("u53 is a little-endian u64", () => {
    const writer = new Writer();
    writer.putU53(writer.reserve(8), 2 ** 53 - 1, "n");
    expect(Buffer.from(writer.written()).toString("hex")).toBe("ffffffffffff1f00");
  });

  test("u53 refuses what is larger when reading", () => {
    const reader = new Reader(Buffer.from("0000000000002000", "hex"));
    expect(errorOf(() => reader.u53(reader.take(8), "Frame.seq")).details).toMatchObject({ parameter: "Frame.seq" });
  });

  type Put = "putU8" | "putU16" | "putU32" | "putI32" | "putU53";
  test.each<[Put, number[]]>([
    ["putU8", [-1, 256, 0.5, Number.NaN, Number.POSITIVE_INFINITY]],
    ["putU16", [-1, 65_536, 0.5, Number.NaN]],
    ["putU32", [-1, 2 ** 32, 0.5, Number.NaN]],
    ["putI32", [-(2 ** 31) - 1, 2 ** 31, 0.5, Number.NaN]],
    ["putU53", [-1, 2 ** 53, 0.5, Number.NaN, Number.POSITIVE_INFINITY]],
  ])("%s refuses what it would have to wrap", (put, values) => {
    for (const value of values) {
      const writer = new Writer();
      expect(errorOf(() => writer[put](writer.reserve(8), value, "n")).code).toBe("invalid_argument");
    }
  });

  test("64-bit integers refuse what they would have to wrap", () => {
    const writer = new Writer();
    const at = writer.reserve(8);
    expect(errorOf(() => writer.putU64(at, -1n, "n")).code).toBe("invalid_argument");
    expect(errorOf(() => writer.putU64(at, 2n ** 64n, "n")).code).toBe("invalid_argument");
    expect(errorOf(() => writer.putI64(at, 2n ** 63n, "n")).code).toBe("invalid_argument");
  });

  test("a value of another type is refused", () => {
    const writer = new Writer();
    const at = writer.reserve(8);
    expect(errorOf(() => writer.putF64(at, "1" as never, "n")).code).toBe("invalid_argument");
    expect(errorOf(() => writer.putBool(at, 1 as never, "n")).code).toBe("invalid_argument");
    expect(errorOf(() => writer.putU8(at, "1" as never, "n")).code).toBe("invalid_argument");
    expect(errorOf(() => writer.string(1 as never, 9, "n")).code).toBe("invalid_argument");
  });
});

describe("strings", () => {
  const text = fc.oneof(
    fc.string({ maxLength: 40 }),
    fc.string({ unit: "grapheme", maxLength: 40 }),
    fc.string({ unit: "binary", maxLength: 400 }),
  );

  test("survive, of any length and script", () => {
    fc.assert(
      fc.property(text, (value) => {
        const reader = readerOver((writer) => writer.string(value, 1_000, "s"));
        expect(reader.string(1_000, "s")).toBe(value);
        expect(reader.remaining).toBe(0);
      }),
      { numRuns: 500 },
    );
  });

  test("survive at every length around the short-string paths", () => {
    for (let length = 0; length <= 70; length++) {
      for (const last of ["z", "é", "€"]) {
        const value = "a".repeat(length) + last;
        expect(readerOver((writer) => writer.string(value, 100, "s")).string(100, "s")).toBe(value);
      }
    }
  });

  test("a megabyte does not reserve three", () => {
    const writer = new Writer({ maxBytes: 1_100_000 });
    writer.string("a".repeat(1_000_000), 1_000_000, "s");
    expect(writer.position).toBe(1_000_004);
  });

  test("maxLength counts UTF-16 units on both sides", () => {
    expect(readerOver((writer) => writer.string("€€€", 3, "s")).string(3, "s")).toBe("€€€");
    expect(errorOf(() => readerOver((writer) => writer.string("abcd", 3, "s"))).code).toBe("invalid_argument");
    for (const value of ["abcd", "€€€€", "a".repeat(40)]) {
      const reader = readerOver((writer) => writer.string(value, 100, "s"));
      expect(errorOf(() => reader.string(3, "Frame.text")).details).toMatchObject({ parameter: "Frame.text" });
    }
  });

  test("half a surrogate pair becomes U+FFFD", () => {
    expect(readerOver((writer) => writer.string("a\ud800b", 10, "s")).string(10, "s")).toBe("a\ufffdb");
  });
});

describe("a reader", () => {
  test("reads bytes as a view into its buffer", () => {
    const reader = readerOver((writer) => writer.bytes(Uint8Array.of(1, 2, 3), 0, 3, "b"));
    const bytes = reader.bytes(0, 3, "b");
    reader.buffer[4] = 9;
    expect([...bytes]).toEqual([9, 2, 3]);
  });

  test("starts at an offset of any array", () => {
    const outer = new Uint8Array([0xaa, 0xaa, 3, 0, 0, 0, 1, 2, 3, 0xaa]);
    const reader = new Reader().reset(outer.subarray(1), 1, 8);
    expect([...reader.bytes(0, 3, "b")]).toEqual([1, 2, 3]);
    expect(reader.remaining).toBe(0);
    expect(errorOf(() => reader.take(1)).code).toBe("invalid_argument");
  });

  test("refuses a length beyond what is left, before allocating", () => {
    for (const read of [
      (reader: Reader) => reader.string(MESSAGE_MAX_BYTES, "x"),
      (reader: Reader) => reader.bytes(0, MESSAGE_MAX_BYTES, "x"),
      (reader: Reader) => reader.enter("x"),
      (reader: Reader) => reader.count(0xffff_ffff, 1, "x"),
    ]) {
      for (const length of ["00000100", "ffffff7f", "ffffffff"]) {
        const reader = new Reader(Buffer.from(`${length}0000`, "hex"));
        expect(errorOf(() => read(reader)).code).toBe("invalid_argument");
      }
    }
  });

  test("refuses an end inside a length", () => {
    for (let bytes = 0; bytes < 4; bytes++) {
      expect(errorOf(() => new Reader(new Uint8Array(bytes)).string(9, "x")).code).toBe("invalid_argument");
    }
  });

  test("takes only 0 and 1 for a boolean", () => {
    expect(errorOf(() => new Reader(Uint8Array.of(2)).bool(0, "x")).code).toBe("invalid_argument");
  });

  test("leaves a nested part at its end, whatever was read of it", () => {
    const reader = readerOver((writer) => {
      const at = writer.open();
      writer.string("known", 10, "x");
      writer.string("of a newer sender", 100, "x");
      writer.close(at);
      writer.string("after", 10, "x");
    });
    const outer = reader.enter("x");
    expect(reader.string(10, "x")).toBe("known");
    reader.leave(outer);
    expect(reader.string(10, "x")).toBe("after");
  });
});

describe("a writer", () => {
  test("refuses to pass its bound and can go on after it", () => {
    const writer = new Writer({ initialBytes: 4, maxBytes: 32 });
    writer.bytes(new Uint8Array(20), 0, 100, "b");
    const before = writer.position;
    expect(errorOf(() => writer.bytes(new Uint8Array(20), 0, 100, "b")).code).toBe("limit_exceeded");
    writer.truncate(before);
    writer.bytes(new Uint8Array(4), 0, 100, "b");
    expect(writer.position).toBe(32);
  });

  test("a string that fits is not refused for its worst case", () => {
    const writer = new Writer({ maxBytes: 104 });
    writer.string("a".repeat(100), 100, "s");
    expect(writer.position).toBe(104);
  });

  test("hands its bytes over and starts anew", () => {
    const writer = new Writer();
    writer.string("first", 10, "s");
    const taken = writer.take();
    writer.string("other", 10, "s");
    expect(new Reader(taken).string(10, "s")).toBe("first");
  });

  test("keeps what was written while it grows", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 50 }), (parts) => {
        const reader = readerOver((writer) => {
          for (const part of parts) writer.bytes(part, 0, 50, "b");
        });
        for (const part of parts) expect([...reader.bytes(0, 50, "b")]).toEqual([...part]);
      }),
    );
  });
});
