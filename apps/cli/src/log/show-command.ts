import type { DocumentName } from "@tidewire/foundation";
import type { LogMoment, LogReadAt } from "@tidewire/log-engine";
import { Command, InvalidArgumentError } from "commander";
import { CommandFailure } from "../command-failure.ts";
import { connectLog, type LinkFlags } from "../log-connection.ts";
import { addresses, documentOption, withLinkOptions } from "../log-options.ts";
import { outputOf, runCommand } from "./output.ts";

interface ShowFlags extends LinkFlags {
  readonly log: readonly string[];
  readonly seq?: number;
  readonly before?: number;
  readonly data?: boolean;
  readonly json?: boolean;
}

/** `tidewire log show`: what a document's state was made of, now or earlier, from a running log. */
export function showCommand(): Command {
  const command = new Command("show")
    .description("print the records that make up a document, now or at an earlier moment, from a running log")
    .argument("<space/key>", "the document", documentOption)
    .requiredOption("--log <addresses>", "log storages, in the order of their shards", addresses)
    .option("--seq <number>", "as of this seq; default: now", wholeNumber)
    .option("--before <time>", "as of everything written before this time, as 2026-01-31T12:00:00Z", time)
    .option("--data", "also the bytes, in base64")
    .option("--json", "one JSON object, for programs");
  return withLinkOptions(command).action((document: DocumentName, flags: ShowFlags) =>
    runCommand("log show", async () => {
      const moment = momentOf(flags);
      const log = await connectLog(flags.log, flags);
      try {
        const state = await log.engine.readAt(document, moment);
        const facts = factsOf(document, state, flags.data === true);
        outputOf(flags).say(facts, textOf(facts));
      } finally {
        await log.close();
      }
    }),
  );
}

function momentOf({ seq, before }: ShowFlags): LogMoment {
  if (seq !== undefined && before !== undefined) throw new CommandFailure("give either --seq or --before", 2);
  return before === undefined ? { seq: seq ?? Number.MAX_SAFE_INTEGER } : { beforeMs: before };
}

interface Facts {
  readonly document: string;
  readonly seq: number;
  readonly isDeleted: boolean;
  readonly records: readonly { readonly kind: string; readonly seq: number; readonly bytes: number }[];
}

function factsOf({ space, key }: DocumentName, state: LogReadAt, withData: boolean): Facts {
  const { seq, isDeleted, snapshot, patches } = state;
  const records = [
    ...(snapshot === undefined ? [] : [{ kind: "snapshot", ...snapshot }]),
    ...patches.map((patch) => ({ kind: "patch", ...patch })),
  ].map(({ kind, seq: of, data }) => ({
    kind,
    seq: of,
    bytes: data.length,
    ...(withData ? { data: Buffer.from(data).toString("base64") } : {}),
  }));
  return { document: `${space}/${key}`, seq, isDeleted, records };
}

function textOf({ document, seq, isDeleted, records }: Facts): string {
  const state = isDeleted ? "deleted" : seq === 0 ? "never written" : `${records.length} records`;
  return [
    `${document} at seq ${seq}: ${state}`,
    ...records.map(({ kind, seq: of, bytes, ...data }) => {
      return [`  ${kind} ${of}: ${bytes} bytes`, ...Object.values(data).map(String)].join(" ");
    }),
  ].join("\n");
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new InvalidArgumentError("must be a whole number from 0");
  return value;
}

function time(text: string): number {
  const value = Date.parse(text);
  if (Number.isNaN(value)) throw new InvalidArgumentError("must be a time, for example 2026-01-31T12:00:00Z");
  return value;
}
