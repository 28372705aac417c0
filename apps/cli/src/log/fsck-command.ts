import { DirectoryInUse, type FsckReport, fsck, StoreFormatError } from "@tidewire/log-engine-local";
import { Command } from "commander";
import { CommandFailure } from "../command-failure.ts";
import { outputOf, runCommand } from "./output.ts";

/** `tidewire log fsck`: exit code 0 if everything can be read, 1 if not. */
export function fsckCommand(): Command {
  return new Command("fsck")
    .description("read everything in a folder of log storage and verify its checksums; the process must be stopped")
    .argument("<folder>", "storage.directory")
    .option("--json", "report as one JSON object, for programs")
    .action((folder: string, flags: { readonly json?: boolean }) =>
      runCommand("log fsck", async () => {
        const report = await fsck(folder).catch((error: unknown) => {
          throw offlineFailure(folder, error);
        });
        outputOf(flags).say(report, textOf(report));
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

function textOf(report: FsckReport): string {
  const { documents, deletedDocuments, records, recordBytes, segments, tornTail, problems } = report;
  const mib = (recordBytes / 1024 / 1024).toFixed(1);
  const lines = [
    `${documents} documents, ${deletedDocuments} of them deleted`,
    `${records} records of ${mib} MiB in ${segments.length} segments: each was read and its checksum compared`,
  ];
  if (tornTail !== undefined) lines.push("the end of a write that was never acknowledged is torn: no damage");
  for (const { kind, segmentId, offset, document, text } of problems) {
    const whose = document === undefined ? "" : ` of ${document.space}/${document.key}`;
    lines.push(`${kind}${whose}: ${text} (segment ${segmentId}, offset ${offset})`);
  }
  lines.push(problems.length === 0 ? "no problems" : `${problems.length} problems`);
  return lines.join("\n");
}
