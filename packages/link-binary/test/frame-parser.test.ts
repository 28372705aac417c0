import { describe, expect, it } from "@jest/globals";
import { ServiceError } from "@tidewire/foundation";
import fc from "fast-check";
import { FRAME_MAX_BYTES, HANDSHAKE_FRAME_MAX_BYTES } from "../src/frame.ts";
import { FrameParser } from "../src/frame-parser.ts";

interface Seen {
  readonly type: number;
  readonly flags: number;
  readonly method: number;
  readonly stream: number;
  readonly body: string;
}

const frames = fc.array(
  fc.record({
    type: fc.integer({ min: 0, max: 255 }),
    flags: fc.integer({ min: 0, max: 3 }),
    method: fc.integer({ min: 0, max: 0xffff }),
    stream: fc.integer({ min: 0, max: 0xffff_ffff }),
    body: fc.uint8Array({ maxLength: 300 }),
  }),
  { minLength: 1, maxLength: 20 },
);

function bytesOf(type: number, flags: number, method: number, stream: number, body: Uint8Array): Buffer {
  const frame = Buffer.alloc(12 + body.length);
  frame.writeUInt32LE(8 + body.length, 0);
  frame.writeUInt8(type, 4);
  frame.writeUInt8(flags, 5);
  frame.writeUInt16LE(method, 6);
  frame.writeUInt32LE(stream, 8);
  frame.set(body, 12);
  return frame;
}

function collector(frameMaxBytes = FRAME_MAX_BYTES): { parser: FrameParser; seen: Seen[] } {
  const seen: Seen[] = [];
  const parser = new FrameParser(
    {
      frame(type, flags, method, stream, body) {
        const text = Buffer.from(body.buffer.subarray(body.position, body.end)).toString("hex");
        seen.push({ type, flags, method, stream, body: text });
      },
    },
    frameMaxBytes,
  );
  return { parser, seen };
}

describe("frame parser", () => {
  it("finds the same frames however the bytes are split", () => {
    fc.assert(
      fc.property(frames, fc.infiniteStream(fc.integer({ min: 1, max: 700 })), (list, sizes) => {
        const bytes = Buffer.concat(
          list.map((frame) => bytesOf(frame.type, frame.flags, frame.method, frame.stream, frame.body)),
        );
        const expected = list.map((frame) => ({ ...frame, body: Buffer.from(frame.body).toString("hex") }));
        const whole = collector();
        whole.parser.push(bytes);
        expect(whole.seen).toEqual(expected);
        const single = collector();
        for (let at = 0; at < bytes.length; at++) single.parser.push(bytes.subarray(at, at + 1));
        expect(single.seen).toEqual(expected);
        const random = collector();
        // As a socket does with its one read buffer: the bytes are overwritten by the next read.
        const buffer = new Uint8Array(700);
        for (let at = 0; at < bytes.length; ) {
          const size = Math.min(sizes.next().value as number, bytes.length - at);
          buffer.fill(0xee);
          buffer.set(bytes.subarray(at, at + size));
          random.parser.push(buffer, size);
          at += size;
        }
        expect(random.seen).toEqual(expected);
        expect([whole, single, random].map(({ parser }) => parser.partialBytes)).toEqual([0, 0, 0]);
      }),
    );
  });

  it("refuses random bytes or waits for more, and never holds more than it was given", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 4_000 }), fc.integer({ min: 1, max: 500 }), (bytes, size) => {
        const { parser, seen } = collector(HANDSHAKE_FRAME_MAX_BYTES);
        let refusal: unknown;
        for (let at = 0; at < bytes.length && refusal === undefined; at += size) {
          try {
            parser.push(bytes.subarray(at, at + size));
          } catch (thrown) {
            refusal = thrown;
          }
        }
        if (refusal !== undefined) expect(refusal).toMatchObject({ code: "invalid_argument" });
        expect(parser.partialBytes).toBeLessThanOrEqual(bytes.length);
        expect(seen.length).toBeLessThanOrEqual(bytes.length / 12);
      }),
    );
  });

  it.each([0, 1, 7, FRAME_MAX_BYTES - 3, 0x7fff_ffff, 0xffff_ffff])(
    "refuses the length %i at its fourth byte",
    (length) => {
      const frame = Buffer.alloc(4);
      frame.writeUInt32LE(length);
      const { parser } = collector();
      parser.push(frame.subarray(0, 3));
      expect(() => parser.push(frame.subarray(3, 4))).toThrow(ServiceError);
      const atOnce = collector();
      expect(() => atOnce.parser.push(frame)).toThrow(expect.objectContaining({ code: "invalid_argument" }));
    },
  );

  it("takes the largest frame, and memory only for what has arrived", () => {
    const { parser, seen } = collector();
    const header = bytesOf(21, 0, 1, 1, new Uint8Array(0));
    header.writeUInt32LE(FRAME_MAX_BYTES - 4, 0);
    const before = process.memoryUsage().arrayBuffers;
    const parsers = Array.from({ length: 64 }, () => collector().parser);
    for (const other of parsers) other.push(header);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1024 * 1024);
    parser.push(header);
    const piece = new Uint8Array(64 * 1024);
    for (let sent = 12; sent < FRAME_MAX_BYTES; sent += piece.length) {
      parser.push(piece, Math.min(piece.length, FRAME_MAX_BYTES - sent));
    }
    expect(seen.map((frame) => frame.body.length / 2)).toEqual([FRAME_MAX_BYTES - 12]);
    expect(parser.partialBytes).toBe(0);
  });

  it("refuses flags it does not know", () => {
    const { parser } = collector();
    expect(() => parser.push(bytesOf(21, 4, 0, 0, new Uint8Array(0)))).toThrow(/flags/);
  });

  it("hands nothing on after it was stopped, not even out of the same read", () => {
    const types: number[] = [];
    const parser = new FrameParser(
      {
        frame(type) {
          types.push(type);
          if (type === 2) parser.stop();
        },
      },
      FRAME_MAX_BYTES,
    );
    const bytes = Buffer.concat([1, 2, 3].map((type) => bytesOf(type, 0, 0, 0, new Uint8Array(5))));
    parser.push(bytes);
    parser.push(bytes);
    expect(types).toEqual([1, 2]);
    expect(parser.partialBytes).toBe(0);
  });
});
