import { type DocumentName, documentPath } from "@tidewire/foundation";
import { type DumpedRecord, dump } from "@tidewire/log-engine-local";
import { Command } from "commander";
import { CommandFailure } from "../command-failure.ts";
import { documentOption } from "../log-options.ts";
import { offlineFailure } from "./fsck-command.ts";
import { outputOf, runCommand } from "./output.ts";

interface DumpFlags {
  readonly document?: DocumentName;
  readonly data?: boolean;
  readonly json?: boolean;
}

const DUMP_HELP = `
Bytes of documents are printed only with --data: they are what users have written.
Exit codes: 0 done, 1 the folder cannot be read or holds nothing of the document, 2 wrong usage.

Examples:
  tidewire log dump /var/lib/tidewire/log --document board-game/g1
  tidewire log dump /var/lib/tidewire/log --json | jq -c 'select(.type == "damage")'`;

/** `tidewire log dump`. */
export function dumpCommand(): Command {
  return new Command("dump")
    .description("print every record in a folder of log storage, in order; the process must be stopped")
    .argument("<folder>", "storage.directory")
    .option("--document <space/key>", "only the records of this document", documentOption)
    .option("--data", "also the bytes of patches and snapshots, in base64")
    .option("--json", "one JSON object a line, for programs")
    .addHelpText("after", DUMP_HELP)
    .action((folder: string, flags: DumpFlags) =>
      runCommand("log dump", async () => {
        const output = outputOf(flags);
        const filter = flags.document === undefined ? {} : { document: flags.document };
        let count = 0;
        try {
          for await (const record of dump(folder, filter)) {
            count++;
            const facts = factsOf(record, flags.data === true);
            output.say(facts, textOf(facts));
          }
        } catch (error) {
          throw offlineFailure(folder, error);
        }
        if (flags.document !== undefined && count === 0) {
          throw new CommandFailure(`${folder} holds no record of ${documentPath(flags.document)}`);
        }
      }),
    );
}

function factsOf(record: DumpedRecord, withData: boolean): Record<string, unknown> {
  const { segment, document, data, ...rest } = record;
  return {
    segment: segment.id,
    kind: segment.kind,
    ...rest,
    ...(document === undefined ? {} : { document: `${document.space}/${document.key}` }),
    ...(data === undefined ? {} : { bytes: data.length }),
    ...(data === undefined || !withData ? {} : { data: data.toString("base64") }),
  };
}

function textOf({ segment, offset, type, ...rest }: Record<string, unknown>): string {
  const more = Object.entries(rest).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return [`${String(segment)}@${String(offset)}`, type, ...more].join(" ");
}
