import { fileURLToPath } from "node:url";
import { readDefinitions } from "../../src/definition-set.ts";
import type { Protocol } from "../../src/model/protocol.ts";
import { type Codecs, committedCodecs, definitionsFolder, fixtureCodecs } from "./codec-module.ts";

export const fixturesFolder = fileURLToPath(new URL("../fixtures/", import.meta.url));

/** A protocol, one of its types, and the codec under test. */
export interface CodecCase {
  readonly protocol: Protocol;
  readonly type: string;
  readonly codecs: Codecs;
}

/** Every message and union of the committed protocols and of the fixture that has every type in every place. */
export async function allCodecCases(): Promise<[title: string, codecCase: CodecCase][]> {
  const committed = (await readDefinitions(definitionsFolder, { validatesSchema: false })).protocols;
  const everything = (await readDefinitions(`${fixturesFolder}everything`, { validatesSchema: false })).protocols;
  const loaded: [Protocol, Codecs][] = [];
  for (const protocol of committed) loaded.push([protocol, await committedCodecs(protocol)]);
  for (const protocol of everything) loaded.push([protocol, await fixtureCodecs(protocol)]);
  return loaded.flatMap(([protocol, codecs]) =>
    [...protocol.messages, ...protocol.unions].map(({ name }): [string, CodecCase] => [
      `${protocol.name}.${name}`,
      { protocol, type: name, codecs },
    ]),
  );
}
