import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { Reader, Writer } from "@tidewire/wire";
import fc from "fast-check";
import { compareDefinitions } from "../src/compatibility/compare-definitions.ts";
import { readDefinitions } from "../src/definition-set.ts";
import type { Protocol } from "../src/model/protocol.ts";
import { type Codecs, committedCodecs, definitionsFolder, freshCodecs } from "./support/codec-module.ts";
import { messageArbitrary } from "./support/message-arbitrary.ts";
import { fixturesFolder } from "./support/protocols.ts";
import { seenBy } from "./support/seen-by.ts";

const releasedFolder = join(definitionsFolder, "..", "released");

interface Generation {
  readonly protocol: Protocol;
  readonly codecs: Codecs;
}

/** Every value the sender's generated code writes is read by the reader's as the law of evolution says. */
function expectUnderstood(sender: Generation, reader: Generation, type: string): void {
  fc.assert(
    fc.property(messageArbitrary(withoutGatedParts(sender.protocol, reader.protocol), type), (value) => {
      const writer = new Writer();
      sender.codecs.get(type)!.encode(writer, value);
      const seen = reader.codecs.get(type)!.decode(new Reader(writer.written()));
      expect(seen).toEqual(seenBy(reader.protocol, sender.protocol, type, value));
    }),
    { numRuns: Number(process.env["TIDEWIRE_CODEC_RUNS"] ?? 40) },
  );
}

/** A sender keeps what the reader would call a fault to itself, and stays within the reader's bounds. */
function withoutGatedParts(sender: Protocol, reader: Protocol): Protocol {
  return {
    ...sender,
    enums: sender.enums.map((type) => ({
      ...type,
      values: type.values.filter((value) => type.fallback !== undefined || value.since <= reader.version),
    })),
    unions: sender.unions.map((type) => ({
      ...type,
      variants: type.variants.filter((variant) => type.unknown === "skip" || variant.since <= reader.version),
    })),
    messages: sender.messages.map((message) => ({
      ...message,
      fields: message.fields.map((field) => {
        const known = reader.messages
          .find((candidate) => candidate.name === message.name)
          ?.fields.find((candidate) => candidate.id === field.id);
        return known === undefined ? field : { ...field, maxLength: Math.min(field.maxLength, known.maxLength) };
      }),
    })),
  };
}

async function fixture(name: string): Promise<Generation> {
  const [protocol] = (await readDefinitions(join(fixturesFolder, name), { validatesSchema: false })).protocols as [
    Protocol,
  ];
  return { protocol, codecs: await freshCodecs(protocol) };
}

const older = await fixture("before");
const newer = await fixture("after");

describe("an older and a newer process", () => {
  test.each(["Card", "Ping", "Move", "Turn"])("understand each other's %s", (type) => {
    expectUnderstood(older, newer, type);
    expectUnderstood(newer, older, type);
  });

  test("agree on what is missing", () => {
    expect(seenBy(newer.protocol, older.protocol, "Card", { rank: 1, suit: "hearts" })).toEqual({
      rank: 1,
      suit: "hearts",
      face: undefined,
      points: 7,
      marks: [],
    });
  });
});

const current = await readDefinitions(definitionsFolder, { validatesSchema: false });
const released = await readDefinitions(releasedFolder, { validatesSchema: false });

describe("the released protocols and the current ones", () => {
  test("are compatible", () => {
    expect(compareDefinitions(released, current)).toEqual([]);
  });

  test("understand each other's every message", async () => {
    expect(released.protocols.length).toBeGreaterThan(3);
    for (const protocol of released.protocols) {
      const now = current.protocols.find((candidate) => candidate.name === protocol.name) as Protocol;
      const before: Generation = { protocol, codecs: await freshCodecs(protocol) };
      const after: Generation = { protocol: now, codecs: await committedCodecs(now) };
      for (const type of [...protocol.messages, ...protocol.unions]) {
        expectUnderstood(before, after, type.name);
        expectUnderstood(after, before, type.name);
      }
    }
  });
});
