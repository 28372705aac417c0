import { DirectoryInUse, type FsckReport, fsck, StoreFormatError } from "@tidewire/log-engine-local";
import { Command } from "commander";
import { CommandFailure } from "../command-failure.ts";
import { mebibytes, Progress, seconds } from "../progress.ts";
import { outputOf, runCommand } from "./output.ts";

const FSCK_HELP = `
How far it has come is said on standard error. Nothing in the folder is changed.
Exit codes: 0 no problems, 1 problems or the folder cannot be read, 2 wrong usage.

Examples:
  tidewire log fsck /var/lib/tidewire/log
  tidewire log fsck /var/lib/tidewire/log --json | jq '.problems[].document'`;

/** `tidewire log fsck`: exit code 0 if everything can be read, 1 if not. */
export function fsckCommand(): Command {
  return new Command("fsck")
    .description("read everything in a folder of log storage and verify its checksums; the process must be stopped")
    .argument("<folder>", "storage.directory")
    .option("--json", "report as one JSON object, for programs")
    .addHelpText("after", FSCK_HELP)
    .action((folder: string, flags: { readonly json?: boolean }) =>
      runCommand("log fsck", async () => {
        const progress = new Progress("log fsck");
        const report = await fsck(folder, {
          onProgress: (doneBytes, totalBytes) => progress.report(doneBytes, totalBytes),
        }).catch((error: unknown) => {
          throw offlineFailure(folder, error);
        });
        const { elapsedMs } = progress;
        outputOf(flags).say({ ...report, elapsedMs }, textOf(report, elapsedMs));
        if (report.problems.length > 0) process.exitCode = 1;
      }),
    );
}

/** What keeps an offline tool from reading a folder, in one line. */
export function offlineFailure(folder: string, error: unknown): Error {
  if (error instanceof DirectoryInUse || error instanceof StoreFormatError) return new CommandFailure(error.message);
  const { code } = error as { readonly code?: unknown };
  return typeof code === "string"
    ? new CommandFailure(`cannot read ${folder}: ${(error as Error).message}`)
    : (error as Error);
}

function textOf(report: FsckReport, elapsedMs: number): string {
  const { documents, deletedDocuments, records, recordBytes, segments, tornTail, problems } = report;
  const lines = [
    `${documents} documents, ${deletedDocuments} of them deleted`,
    `${records} records of ${mebibytes(recordBytes)} MiB in ${segments.length} segments: each was read and its checksum compared, in ${seconds(elapsedMs)}`,
  ];
  if (tornTail !== undefined) lines.push("the end of a write that was never acknowledged is torn: no damage");
  for (const { kind, segmentId, offset, document, text } of problems) {
    const whose = document === undefined ? "" : ` of ${document.space}/${document.key}`;
    lines.push(`${kind}${whose}: ${text} (segment ${segmentId}, offset ${offset})`);
  }
  lines.push(problems.length === 0 ? "no problems" : `${problems.length} problems`);
  return lines.join("\n");
}
