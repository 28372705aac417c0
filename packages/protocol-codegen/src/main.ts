#!/usr/bin/env node
import { join } from "node:path";
import { Command } from "commander";
import { DefinitionError } from "./definition-problem.ts";
import { readDefinitions } from "./definition-set.ts";
import { defaultGenerateOptions, type GeneratedFile, generate } from "./generate.ts";
import { OutputFolder } from "./output-folder.ts";

interface OutputOptions {
  readonly out?: string;
  readonly packages?: string;
  readonly wire: string;
}

const program = new Command("codegen").description("Generates code from Tidewire protocol definitions.");

program
  .command("generate")
  .description("write generated files")
  .argument("<definitions>", "folder of *.xml definitions")
  .option("--out <folder>", "write everything into one folder")
  .option("--packages <folder>", "write into <folder>/<package>/src/generated (default: ../.. of the definitions)")
  .option("--wire <module>", "module of Reader, Writer and Codec", defaultGenerateOptions.wireModule)
  .action(async (definitions: string, options: OutputOptions) => {
    const { folder, files } = await prepare(definitions, options);
    for (const path of folder.write(files)) console.log(`wrote ${path}`);
  });

program
  .command("check")
  .description("fail unless the generated files are what the definitions give")
  .argument("<definitions>", "folder of *.xml definitions")
  .option("--out <folder>", "everything is in one folder")
  .option("--packages <folder>", "files are in <folder>/<package>/src/generated")
  .option("--wire <module>", "module of Reader, Writer and Codec", defaultGenerateOptions.wireModule)
  .action(async (definitions: string, options: OutputOptions) => {
    const { folder, files } = await prepare(definitions, options);
    const stale = folder.check(files);
    for (const path of stale) console.error(`${path}: is not what the definitions give. Run codegen generate.`);
    if (stale.length > 0) process.exitCode = 1;
    else console.log(`${files.length} generated files are up to date`);
  });

async function prepare(
  definitions: string,
  options: OutputOptions,
): Promise<{ folder: OutputFolder; files: GeneratedFile[] }> {
  const folder =
    options.out === undefined
      ? OutputFolder.packages(options.packages ?? join(definitions, "..", ".."), join(definitions, "..", "generated"))
      : OutputFolder.single(options.out);
  const files = generate(await readDefinitions(definitions), { ...defaultGenerateOptions, wireModule: options.wire });
  return { folder, files };
}

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof DefinitionError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
