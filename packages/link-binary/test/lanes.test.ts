import { describe, expect, it } from "@jest/globals";
import { FrameType } from "@tidewire/link/session";
import { Writer } from "@tidewire/wire";
import fc from "fast-check";
import { Assemblies } from "../src/assemblies.ts";
import { FRAME_MAX_BYTES } from "../src/frame.ts";
import { FrameParser } from "../src/frame-parser.ts";
import { Lanes } from "../src/lanes.ts";

const FRAGMENT_BYTES = 100;
const limits = { messageMaxBytes: 100_000, assemblyMaxBytes: 1_000_000 };

/** What comes out of the lanes, put together again by the other side: `stream:first byte:length`. */
function rebuilt(): { cut(lanes: Lanes): void; messages: string[]; assemblies: Assemblies } {
  const messages: string[] = [];
  const assemblies = new Assemblies(limits);
  const parser = new FrameParser(
    {
      frame(type, flags, method, stream, body) {
        const whole = flags === 0 ? body : assemblies.add(type, flags, method, stream, body);
        if (whole === undefined) return;
        const bytes = whole.buffer.subarray(whole.position, whole.end);
        if (bytes.some((byte) => byte !== bytes[0])) throw new Error("mixed up");
        messages.push(`${type === FrameType.downMany ? "many " : ""}${stream}:${bytes[0] ?? "-"}:${bytes.length}`);
      },
    },
    FRAME_MAX_BYTES,
  );
  return {
    messages,
    assemblies,
    cut(lanes) {
      const writer = new Writer();
      lanes.cut(writer);
      parser.push(writer.take());
    },
  };
}

const bytes = (value: number, length: number): Uint8Array => new Uint8Array(length).fill(value);

describe("lanes", () => {
  it("lets large messages take turns and keeps each stream's order", () => {
    const lanes = new Lanes(FRAGMENT_BYTES);
    const out = rebuilt();
    lanes.add(FrameType.down, 1, 1, bytes(1, 1_000));
    lanes.add(FrameType.down, 1, 2, bytes(2, 350));
    lanes.add(FrameType.down, 1, 1, bytes(3, 10));
    lanes.add(FrameType.down, 1, 2, bytes(4, 0));
    expect([lanes.size, lanes.bytes, lanes.has(1), lanes.has(3)]).toEqual([2, 1_360, true, false]);
    while (!lanes.isEmpty) out.cut(lanes);
    expect(out.messages).toEqual(["2:2:350", "2:-:0", "1:1:1000", "1:3:10"]);
    expect([lanes.bytes, lanes.has(1), out.assemblies.bytes]).toEqual([0, false, 0]);
  });

  it("keeps order for random traffic on random streams, shared messages among it", () => {
    const step = fc.oneof(
      fc.record({ stream: fc.integer({ min: 1, max: 4 }), length: fc.integer({ min: 0, max: 600 }) }),
      fc.record({ streams: fc.uniqueArray(fc.integer({ min: 1, max: 4 }), { minLength: 1 }), length: fc.nat(600) }),
      fc.record({ cuts: fc.integer({ min: 1, max: 5 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (plan) => {
        const lanes = new Lanes(FRAGMENT_BYTES);
        const out = rebuilt();
        const expected = new Map<number, string[]>();
        const byLane = new Map<string, readonly number[]>();
        let salt = 0;
        for (const item of plan) {
          salt = (salt + 1) % 251;
          if ("cuts" in item) for (let turn = 0; turn < item.cuts; turn++) out.cut(lanes);
          else if ("stream" in item) {
            lanes.add(FrameType.down, 1, item.stream, bytes(salt, item.length));
            const name = `${item.stream}:${item.length === 0 ? "-" : salt}:${item.length}`;
            expected.set(item.stream, [...(expected.get(item.stream) ?? []), name]);
          } else {
            for (const part of lanes.partition(Uint32Array.from(item.streams))) {
              salt = (salt + 1) % 251;
              lanes.addShared(FrameType.downMany, 1, part, bytes(salt, item.length + 1));
              const name = `many ${part[0]}:${salt}:${item.length + 1}`;
              byLane.set(`${name} ${byLane.size}`, [...part]);
              for (const stream of part) expected.set(stream, [...(expected.get(stream) ?? []), name]);
            }
          }
        }
        while (!lanes.isEmpty) out.cut(lanes);
        const members = new Map<string, readonly number[][]>();
        for (const [key, part] of byLane) {
          const name = key.slice(0, key.lastIndexOf(" "));
          members.set(name, [...(members.get(name) ?? []), [...part]]);
        }
        const seen = new Map<number, string[]>();
        for (const name of out.messages) {
          const streams = name.startsWith("many") ? (members.get(name)?.[0] ?? []) : [Number(name.split(":")[0])];
          if (name.startsWith("many")) members.set(name, members.get(name)?.slice(1) ?? []);
          for (const stream of streams) seen.set(stream, [...(seen.get(stream) ?? []), name]);
        }
        expect(seen).toEqual(expected);
        expect([lanes.bytes, out.assemblies.bytes, out.assemblies.count]).toEqual([0, 0, 0]);
      }),
    );
  });

  it("takes back what one stream still has, and leaves what it shares", () => {
    const lanes = new Lanes(FRAGMENT_BYTES);
    const out = rebuilt();
    lanes.add(FrameType.down, 1, 1, bytes(1, 500));
    lanes.addShared(FrameType.downMany, 1, Uint32Array.of(1), bytes(2, 300));
    lanes.add(FrameType.down, 1, 2, bytes(3, 500));
    out.cut(lanes);
    lanes.forget(1);
    lanes.forget(2);
    out.assemblies.forget(1);
    expect([lanes.bytes, lanes.size]).toEqual([300, 1]);
    while (!lanes.isEmpty) out.cut(lanes);
    expect(out.messages).toEqual(["many 1:2:300"]);
    expect([lanes.bytes, out.assemblies.bytes]).toEqual([0, 0]);
  });
});

describe("assemblies", () => {
  const reader = (body: Uint8Array) => {
    const { parser, last } = lastBody();
    const frame = Buffer.alloc(12 + body.length);
    frame.writeUInt32LE(8 + body.length);
    frame.set(body, 12);
    parser.push(frame);
    return last();
  };
  function lastBody() {
    let body: Parameters<Assemblies["add"]>[4] | undefined;
    const parser = new FrameParser(
      { frame: (_type, _flags, _method, _stream, read) => (body = read) },
      FRAME_MAX_BYTES,
    );
    return { parser, last: () => body as NonNullable<typeof body> };
  }
  const first = (total: number, part: Uint8Array) => {
    const body = Buffer.alloc(4 + part.length);
    body.writeUInt32LE(total);
    body.set(part, 4);
    return reader(body);
  };

  it("refuses a message that would be too large, or one too many, and ignores the rest of it", () => {
    const assemblies = new Assemblies({ messageMaxBytes: 1_000, assemblyMaxBytes: 1_500 });
    expect(() => assemblies.add(21, 1, 1, 1, first(1_001, bytes(1, 10)))).toThrow(
      expect.objectContaining({ code: "limit_exceeded" }),
    );
    expect(assemblies.add(21, 3, 1, 1, reader(bytes(1, 10)))).toBeUndefined();
    expect(assemblies.add(21, 2, 1, 1, reader(bytes(1, 10)))).toBeUndefined();
    expect(assemblies.add(21, 1, 1, 2, first(1_000, bytes(1, 10)))).toBeUndefined();
    expect(() => assemblies.add(21, 1, 1, 3, first(600, bytes(1, 10)))).toThrow(
      expect.objectContaining({ code: "overloaded" }),
    );
    expect(assemblies.bytes).toBe(1_000);
    assemblies.forget(2);
    expect([assemblies.bytes, assemblies.count]).toEqual([0, 0]);
  });

  it("calls a fragment of another method or type a fault of the peer", () => {
    const assemblies = new Assemblies(limits);
    assemblies.add(21, 1, 1, 1, first(25, bytes(1, 10)));
    for (const [type, method] of [
      [21, 2],
      [25, 1],
    ] as const) {
      expect(() => assemblies.add(type, 2, method, 1, reader(bytes(1, 15)))).toThrow(
        expect.objectContaining({ code: "invalid_argument" }),
      );
    }
  });

  it("puts together only so many messages at once, however small", () => {
    const assemblies = new Assemblies(limits);
    for (let stream = 1; stream <= 4_096; stream++) assemblies.add(21, 1, 1, stream, first(2, bytes(1, 1)));
    expect(() => assemblies.add(21, 1, 1, 4_097, first(2, bytes(1, 1)))).toThrow(
      expect.objectContaining({ code: "overloaded" }),
    );
    expect(assemblies.add(21, 2, 1, 1, reader(bytes(1, 1)))?.remaining).toBe(2);
    expect(assemblies.add(21, 1, 1, 4_097, first(2, bytes(1, 1)))).toBeUndefined();
    expect([assemblies.count, assemblies.bytes]).toEqual([4_096, 2 * 4_096]);
  });

  it.each([
    ["more than announced", () => [first(15, bytes(1, 10)), reader(bytes(1, 10))], [1, 2]],
    ["less than announced", () => [first(25, bytes(1, 10)), reader(bytes(1, 10))], [1, 2]],
    ["two beginnings", () => [first(25, bytes(1, 10)), first(25, bytes(1, 10))], [1, 1]],
    ["no announcement", () => [reader(bytes(1, 3))], [1]],
  ] as const)("calls %s a fault of the peer", (_what, fragments, flags) => {
    const assemblies = new Assemblies(limits);
    expect(() =>
      flags.forEach((flag, index) => {
        const fragment = fragments()[index];
        if (fragment !== undefined) assemblies.add(21, flag, 1, 1, fragment);
      }),
    ).toThrow(expect.objectContaining({ code: "invalid_argument" }));
  });
});
