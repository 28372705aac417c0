import { join } from "node:path";
import type { Command } from "commander";
import type { DefinitionSet } from "../definition-set.ts";
import { defaultGenerateOptions, type GeneratedFile, generate } from "../generate.ts";
import { OutputFolder } from "../output-folder.ts";
import { runtimeFiles, standaloneModules } from "../runtime-files.ts";

/** Where generated files go; the same for writing and for checking. */
export interface OutputOptions {
  readonly out?: string;
  readonly packages?: string;
  readonly wire: string;
  readonly apiRuntime: string;
  readonly errors: string;
  readonly standalone?: boolean;
}

export function withOutputOptions(command: Command): Command {
  return command
    .argument("<definitions>", "folder of *.xml definitions")
    .option("--out <folder>", "everything in one folder")
    .option("--packages <folder>", "code in <folder>/<package>/src/generated (default: ../.. of the definitions)")
    .option("--wire <module>", "module of Reader, Writer and Codec", defaultGenerateOptions.wireModule)
    .option("--api-runtime <module>", "module of the checks of a JSON API", defaultGenerateOptions.apiRuntimeModule)
    .option("--errors <module>", "module of ServiceError and ErrorBody", defaultGenerateOptions.errorsModule)
    .option("--standalone", "everything in one folder (default: ../generated), with all that the code imports");
}

/** What the definitions give, and where it belongs. */
export function prepareOutput(
  definitionsFolder: string,
  definitions: DefinitionSet,
  options: OutputOptions,
): { readonly folder: OutputFolder; readonly files: readonly GeneratedFile[] } {
  const documents = join(definitionsFolder, "..", "generated");
  const single = options.out ?? (options.standalone === true ? documents : undefined);
  const folder =
    single === undefined
      ? OutputFolder.packages(options.packages ?? join(definitionsFolder, "..", ".."), documents)
      : OutputFolder.single(single);
  if (options.standalone === true) {
    const generated = generate(definitions, { ...defaultGenerateOptions, ...standaloneModules });
    return { folder, files: [...generated, ...runtimeFiles()] };
  }
  const files = generate(definitions, {
    ...defaultGenerateOptions,
    wireModule: options.wire,
    apiRuntimeModule: options.apiRuntime,
    errorsModule: options.errors,
  });
  return { folder, files };
}
