import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "@jest/globals";
import { readDefinitions } from "../src/definition-set.ts";
import { generate } from "../src/generate.ts";
import { OutputFolder } from "../src/output-folder.ts";
import { definitionsFolder, generatedDocuments, packagesFolder } from "./support/codec-module.ts";
import { fixturesFolder } from "./support/protocols.ts";

const definitions = await readDefinitions(definitionsFolder);

test("committed files are what the definitions give, and no others are", () => {
  const files = generate(definitions);
  const folder = OutputFolder.packages(packagesFolder, generatedDocuments);
  expect(folder.check(files)).toEqual([]);
  expect(folder.orphans(files)).toEqual([]);
  expect(files.length).toBeGreaterThan(20);
});

test("so is the fixture, whose code is type-checked with this package", async () => {
  const folder = fileURLToPath(new URL("./generated/", import.meta.url));
  expect(
    OutputFolder.single(folder).check(generate(await readDefinitions(join(fixturesFolder, "everything")))),
  ).toEqual([]);
});

test("generating twice gives the same bytes", () => {
  expect(generate(definitions)).toEqual(generate(definitions));
});
