import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { DefinitionError } from "../definition-problem.ts";
import { readDefinitions } from "../definition-set.ts";
import { type OutputOptions, prepareOutput, withOutputOptions } from "./output-options.ts";
import { ReleasedDefinitions } from "./released-definitions.ts";
import { starterDefinitions } from "./starter-definitions.ts";

/** Where commands write what they have to say. */
export interface Console {
  log(line: string): void;
  error(line: string): void;
}

/** Runs the tool with the arguments of a command line; returns the exit code. */
export async function runCodegen(args: readonly string[], console: Console): Promise<number> {
  let exitCode = 0;
  const fail = (line: string): void => {
    console.error(line);
    exitCode = 1;
  };
  const program = new Command("codegen")
    .description("Generates types, codecs, services, schemas and reference pages from protocol definitions.")
    .configureOutput({
      writeOut: (text) => console.log(text.trimEnd()),
      writeErr: (text) => console.error(text.trimEnd()),
    })
    .exitOverride();

  program
    .command("init")
    .description("write example definitions to start from")
    .argument("<folder>", "folder for *.xml definitions; files that exist are left alone")
    .action((folder: string) => {
      mkdirSync(folder, { recursive: true });
      for (const [name, text] of Object.entries(starterDefinitions)) {
        const path = join(folder, name);
        if (existsSync(path)) {
          console.log(`kept ${path}`);
          continue;
        }
        writeFileSync(path, text);
        console.log(`wrote ${path}`);
      }
    });

  withOutputOptions(program.command("generate").description("write generated files")).action(
    async (definitions: string, options: OutputOptions) => {
      const { folder, files } = prepareOutput(definitions, await readDefinitions(definitions), options);
      for (const path of folder.write(files)) console.log(`wrote ${path}`);
      for (const path of folder.orphans(files)) console.log(orphaned(path));
    },
  );

  withOutputOptions(program.command("check"))
    .description(
      "fail unless definitions are sound, released peers understand them, and exactly what they give is generated",
    )
    .option("--released <folder>", "definitions in use (default: ../released of the definitions, if it exists)")
    .action(async (definitions: string, options: OutputOptions & { readonly released?: string }) => {
      const current = await readDefinitions(definitions);
      await new ReleasedDefinitions(definitions, options.released).check(current);
      const { folder, files } = prepareOutput(definitions, current, options);
      const stale = folder.check(files);
      for (const path of stale) fail(`${path}: is not what the definitions give. Run codegen generate.`);
      const orphans = folder.orphans(files);
      for (const path of orphans) fail(orphaned(path));
      if (stale.length === 0 && orphans.length === 0) console.log(`${files.length} generated files are up to date`);
    });

  program
    .command("release")
    .description("keep the current definitions as the ones in use, for later checks")
    .argument("<definitions>", "folder of *.xml definitions")
    .option("--released <folder>", "where they are kept (default: ../released of the definitions)")
    .option("--force", "although released peers would not understand them: nothing of the release is in use")
    .action(async (definitions: string, options: { readonly released?: string; readonly force?: boolean }) => {
      const released = new ReleasedDefinitions(definitions, options.released);
      const current = await readDefinitions(definitions);
      if (options.force !== true) await released.check(current);
      for (const name of released.replace()) console.log(`released ${name}`);
    });

  try {
    await program.parseAsync([...args], { from: "user" });
  } catch (error) {
    if (error instanceof DefinitionError) fail(error.message);
    else if (isCommandLineExit(error)) exitCode = error.exitCode;
    else throw error;
  }
  return exitCode;
}

function orphaned(path: string): string {
  return `${path}: was generated, and nothing gives it any more. Delete it.`;
}

/** What commander throws for help, the version and unknown options; it has printed the reason already. */
function isCommandLineExit(error: unknown): error is { readonly exitCode: number } {
  return error instanceof Error && "exitCode" in error && typeof error.exitCode === "number";
}
