import { type FoundDocument, findDocument, RestoreError } from "@tidewire/backup-s3";
import { restartRecord } from "@tidewire/document/log";
import { type DocumentName, documentName, documentPath } from "@tidewire/foundation";
import { Command } from "commander";
import { CommandFailure } from "../command-failure.ts";
import { connectLog, type LinkFlags } from "../log-connection.ts";
import { addresses, withLinkOptions } from "../log-options.ts";
import { moment, seqNumber } from "./moment.ts";
import { type PutBack, putBack } from "./put-back.ts";
import type { RestoreReporter } from "./restore-reporter.ts";
import { runRestore } from "./run-restore.ts";
import { openBackup, type S3Flags, withS3Flags } from "./s3-flags.ts";

interface DocumentFlags extends LinkFlags {
  readonly log?: readonly string[];
  readonly seq?: number;
  readonly time?: number;
  readonly as?: string;
  readonly yes?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** One document, as it was, into a running system. */
export function restoreDocumentCommand(): Command {
  return withLinkOptions(withS3Flags(new Command("document")))
    .description("put one document of a running system back to what it was at a seq or a time")
    .argument("<space/key>", "the document")
    .option("--log <addresses>", "log storages of the running system, in the order of their shards", addresses)
    .option("--seq <seq>", "as it was at this seq", seqNumber)
    .option("--time <time>", "as it was at this time, to about a second", moment)
    .option("--as <space/key>", "write it under this name instead")
    .option("--yes", "replace a document that exists")
    .option("--dry-run", "say what would be written, and write nothing")
    .option("--json", "JSON lines, for programs")
    .action((name: string, flags: S3Flags & DocumentFlags) =>
      runRestore(flags.json, (reporter) => restoreDocument(name, flags, reporter)),
    );
}

async function restoreDocument(name: string, flags: S3Flags & DocumentFlags, reporter: RestoreReporter): Promise<void> {
  const document = parseName(name);
  const target = flags.as === undefined ? document : parseName(flags.as);
  if (target.space !== document.space)
    throw new CommandFailure("--as must stay in the space: another one is another type", 2);
  const { seq, time } = flags;
  if ((seq === undefined) === (time === undefined)) throw new CommandFailure("say either --seq or --time", 2);
  const reader = await openBackup(flags);
  const found = await findDocument(reader, document, seq === undefined ? { at: time as number } : { seq }, {
    searching: ({ epoch, number, at }) => {
      const text = `searching the backup as of ${new Date(at).toISOString()}`;
      reporter.event("searching", { epoch, number, at }, text);
    },
    check: (state) => void encode(state, { from: 0, to: 1 }),
  });
  const records = found.patches.length + (found.snapshot === undefined ? 0 : 1);
  const text = `found ${name} at seq ${found.seq}, from ${records} records`;
  reporter.event("found", { document: name, seq: found.seq, records, manifest: found.manifest.number }, text);
  if (flags.dryRun === true && flags.log === undefined) return;

  const owner = `restore-${process.pid}`;
  if (flags.log === undefined) throw new CommandFailure("set --log: where the running system keeps its log", 2);
  const log = await connectLog(flags.log, flags);
  try {
    const [head] = await log.engine.heads([target]);
    const exists = head !== undefined && head.seq > 0 && !head.isDeleted;
    const now = exists ? `exists at seq ${head.seq}` : "does not exist";
    reporter.event(
      "target",
      { document: documentPath(target), seq: head?.seq ?? 0, exists },
      `${documentPath(target)} ${now}`,
    );
    if (flags.dryRun === true) return;
    if (exists && flags.yes !== true) {
      throw new RestoreError(`${documentPath(target)} exists: replace it with --yes, or choose another name with --as`);
    }
    const result = await putBack(log.engine, target, owner, (range) => encode(found, range));
    const done = `restored ${documentPath(target)}: what it was at seq ${found.seq} is its state at seq ${result.seq}`;
    reporter.event("restored", { document: documentPath(target), ...result }, done);
  } finally {
    await log.close();
  }
}

function encode(
  found: Omit<FoundDocument, "manifest">,
  range: { readonly from: number; readonly to: number },
): PutBack {
  const { seq, snapshot, patches } = found;
  const base = snapshot === undefined ? {} : { snapshot: snapshot.data };
  const logged = { seq, isDeleted: false, ...base, patches: patches.map(({ data }) => data) };
  let record: ReturnType<typeof restartRecord>;
  try {
    record = restartRecord(logged, range);
  } catch (error) {
    throw new RestoreError(`the records up to seq ${seq} cannot be put together: ${(error as Error).message}`);
  }
  // What the log said then, if it is known; otherwise the timers in the records.
  const wakeAt = found.wakeAt ?? record.wakeAt;
  return wakeAt === undefined ? { data: record.data } : { data: record.data, wakeAt };
}

function parseName(text: string): DocumentName {
  const [space, key, ...more] = text.split("/");
  try {
    if (more.length > 0) throw new Error("a document is named space/key");
    return documentName(space, key);
  } catch (error) {
    throw new CommandFailure(`${text}: ${(error as Error).message}`, 2);
  }
}
