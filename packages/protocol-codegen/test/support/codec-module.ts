import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Codec } from "@tidewire/wire";
import { defaultGenerateOptions, generate } from "../../src/generate.ts";
import type { Protocol } from "../../src/model/protocol.ts";
import { OutputFolder } from "../../src/output-folder.ts";

export const packagesFolder = fileURLToPath(new URL("../../../", import.meta.url));
export const definitionsFolder = join(packagesFolder, "protocol-definition", "definitions");
export const generatedDocuments = join(packagesFolder, "protocol-definition", "generated");

/** The codecs of one protocol by the name of their message or union. */
export type Codecs = ReadonlyMap<string, Codec<unknown>>;

/** The committed code of a protocol. */
export async function committedCodecs(protocol: Protocol): Promise<Codecs> {
  return loadCodecs(join(packagesFolder, protocol.package, "src", "generated"), protocol);
}

/** The committed code of the fixture that has every type in every place. */
export async function fixtureCodecs(protocol: Protocol): Promise<Codecs> {
  return loadCodecs(fileURLToPath(new URL("../generated/", import.meta.url)), protocol);
}

/** Generates a protocol into a temporary folder and loads what came out. */
export async function freshCodecs(protocol: Protocol): Promise<Codecs> {
  const folder = mkdtempSync(join(tmpdir(), "tidewire-codegen-"));
  const wireModule = join(packagesFolder, "wire", "src", "index.ts");
  const files = generate({ protocols: [protocol], apis: [], errors: [] }, { ...defaultGenerateOptions, wireModule });
  OutputFolder.single(folder).write(files);
  return loadCodecs(folder, protocol);
}

async function loadCodecs(folder: string, protocol: Protocol): Promise<Codecs> {
  const path = join(folder, `${protocol.name}-codecs.ts`);
  const module = (await import(pathToFileURL(path).href)) as Readonly<Record<string, Codec<unknown>>>;
  const names = [...protocol.messages, ...protocol.unions].map((type) => type.name);
  return new Map(
    names.map((name) => {
      const codec = module[`${name}Codec`];
      if (codec === undefined) throw new Error(`${path} has no ${name}Codec`);
      return [name, codec];
    }),
  );
}
