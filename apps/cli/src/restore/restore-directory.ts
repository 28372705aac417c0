import { resolve } from "node:path";
import { restoreDirectory } from "@tidewire/backup-s3";
import { documentPath } from "@tidewire/foundation";
import { Command } from "commander";
import { moment } from "./moment.ts";
import { runRestore } from "./run-restore.ts";
import { openBackup, type S3Flags, withS3Flags } from "./s3-flags.ts";

interface DirectoryFlags {
  readonly at?: number;
  readonly epoch?: string;
  readonly acceptLoss?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** A whole data directory, for log-storage to be started with. */
export function restoreDirectoryCommand(): Command {
  return withS3Flags(new Command("directory"))
    .description("rebuild the data directory of a log-storage in an empty folder")
    .argument("<folder>", "must be empty, or hold a restore that was interrupted")
    .option("--at <time>", "as it was at this time, or shortly before; default: the newest", moment)
    .option("--epoch <epoch>", "only from this epoch, as `restore list` names it")
    .option("--accept-loss", "if parts are lost, restore the documents that are not affected")
    .option("--dry-run", "say what would be restored, and write nothing")
    .option("--json", "JSON lines, for programs")
    .action((folder: string, flags: S3Flags & DirectoryFlags) =>
      runRestore(flags.json, async (reporter) => {
        const reader = await openBackup(flags);
        const { at: wanted, epoch } = flags;
        const choice = { ...(wanted === undefined ? {} : { at: wanted }), ...(epoch === undefined ? {} : { epoch }) };
        const manifest = await reader.choose(choice);
        const files = manifest.files.filter(({ retiredAt }) => retiredAt === undefined);
        const totalBytes = files.reduce((bytes, { sizeBytes }) => bytes + sizeBytes, 0);
        const time = new Date(manifest.at).toISOString();
        const source = { epoch: manifest.epoch, number: manifest.number, at: manifest.at, time, totalBytes };
        reporter.event("source", source, `the log as of ${time}: ${files.length} files, ${totalBytes} bytes`);
        if (flags.dryRun === true) return;
        const { documents, bytes, affected } = await restoreDirectory(reader, manifest, resolve(folder), {
          acceptsLoss: flags.acceptLoss === true,
          progress: ({ doneBytes }) => reporter.progress(doneBytes, totalBytes),
        });
        const names = affected.map(documentPath);
        for (const name of names) reporter.event("lost", { document: name }, `lost: ${name}`);
        const done = `restored ${documents - names.length} documents into ${folder}; start log-storage with it`;
        reporter.event("restored", { documents, bytes, lost: names.length }, done);
      }),
    );
}
