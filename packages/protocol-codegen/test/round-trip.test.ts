import { describe, expect, test } from "@jest/globals";
import { Reader, Writer } from "@tidewire/wire";
import fc from "fast-check";
import { ReferenceEncoder } from "../src/golden/reference-encoder.ts";
import { messageArbitrary } from "./support/message-arbitrary.ts";
import { allCodecCases } from "./support/protocols.ts";

const numRuns = Number(process.env["TIDEWIRE_CODEC_RUNS"] ?? 60);
const cases = await allCodecCases();

describe("every message survives the wire, and its bytes are those of the reference encoder", () => {
  test.each(cases)("%s", (_, { protocol, type, codecs }) => {
    const codec = codecs.get(type)!;
    const reference = new ReferenceEncoder(protocol);
    const writer = new Writer({ initialBytes: 1 });
    const reader = new Reader();
    fc.assert(
      fc.property(messageArbitrary(protocol, type), (value) => {
        writer.reset();
        codec.encode(writer, value);
        expect(Buffer.from(writer.written()).toString("hex")).toBe(reference.encode(type, value).toString("hex"));
        reader.reset(writer.buffer, 0, writer.position);
        expect(codec.decode(reader)).toEqual(value);
        expect(reader.remaining).toBe(0);
      }),
      { numRuns },
    );
  });
});
