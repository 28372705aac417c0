import type { DocumentName } from "@tidewire/foundation";
import { type DumpedRecord, dump } from "@tidewire/log-engine-local";
import { Command } from "commander";
import { documentOption } from "../log-options.ts";
import { offlineFailure } from "./fsck-command.ts";
import { outputOf, runCommand } from "./output.ts";

interface DumpFlags {
  readonly document?: DocumentName;
  readonly data?: boolean;
  readonly json?: boolean;
}

/** `tidewire log dump`. */
export function dumpCommand(): Command {
  return new Command("dump")
    .description("print every record in a folder of log storage, in order; the process must be stopped")
    .argument("<folder>", "storage.directory")
    .option("--document <space/key>", "only the records of this document", documentOption)
    .option("--data", "also the bytes of patches and snapshots, in base64")
    .option("--json", "one JSON object a line, for programs")
    .action((folder: string, flags: DumpFlags) =>
      runCommand("log dump", async () => {
        const output = outputOf(flags);
        const filter = flags.document === undefined ? {} : { document: flags.document };
        try {
          for await (const record of dump(folder, filter)) {
            const facts = factsOf(record, flags.data === true);
            output.say(facts, textOf(facts));
          }
        } catch (error) {
          throw offlineFailure(folder, error);
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
