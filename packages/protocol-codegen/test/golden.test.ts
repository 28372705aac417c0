import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { Reader, Writer } from "@tidewire/wire";
import { readDefinitions } from "../src/definition-set.ts";
import type { GoldenFile } from "../src/golden/golden-file.ts";
import { fromGoldenJson } from "../src/golden/golden-json.ts";
import { committedCodecs, definitionsFolder, generatedDocuments } from "./support/codec-module.ts";

const protocols = (await readDefinitions(definitionsFolder, { validatesSchema: false })).protocols;

test("there is a golden file for every protocol", () => {
  const files = readdirSync(generatedDocuments).filter((name) => name.endsWith(".golden.json"));
  expect(files.sort()).toEqual(protocols.map((protocol) => `${protocol.name}.golden.json`).sort());
});

describe.each(protocols.map((protocol) => [protocol.name, protocol] as const))(
  "golden bytes of %s",
  (name, protocol) => {
    const golden = JSON.parse(readFileSync(join(generatedDocuments, `${name}.golden.json`), "utf8")) as GoldenFile;

    test("cover every message and union", () => {
      const types = new Set(golden.vectors.map((vector) => vector.type));
      expect(types).toEqual(new Set([...protocol.messages, ...protocol.unions].map((type) => type.name)));
    });

    test("decode to their values and encode to the same bytes", async () => {
      const codecs = await committedCodecs(protocol);
      for (const { type, value, bytes } of golden.vectors) {
        const codec = codecs.get(type)!;
        const decoded = codec.decode(new Reader(Buffer.from(bytes, "hex")));
        expect([type, decoded]).toEqual([type, fromGoldenJson(value)]);
        const writer = new Writer();
        codec.encode(writer, decoded);
        expect([type, Buffer.from(writer.written()).toString("hex")]).toEqual([type, bytes]);
      }
    });
  },
);
