import { RestoreError, RestoreIncomplete, S3Error } from "@tidewire/backup-s3";
import { documentPath, ServiceError } from "@tidewire/foundation";
import { CommandFailure } from "../command-failure.ts";
import { watchOutput } from "../output-loss.ts";
import { RestoreReporter } from "./restore-reporter.ts";

/** Documents named in a message; all of them are in `--json`. */
const NAMED_MAX = 20;

export const EXIT_FAILED = 1;
/** Part of the backup is lost, and that was not accepted. */
export const EXIT_INCOMPLETE = 3;

/** Runs a command to its end, and turns what went wrong into one line and an exit code. */
export async function runRestore(
  isJson: boolean | undefined,
  work: (reporter: RestoreReporter) => Promise<void>,
): Promise<void> {
  const reporter = new RestoreReporter(isJson === true);
  watchOutput("restore", "changes");
  // Between two attempts of a request nothing else would keep the process.
  const alive = setInterval(() => {}, 60_000);
  try {
    await work(reporter);
  } catch (error) {
    process.exitCode = report(reporter, error);
  } finally {
    clearInterval(alive);
  }
}

function report(reporter: RestoreReporter, error: unknown): number {
  if (error instanceof RestoreIncomplete) {
    const affected = error.affected.map(documentPath);
    const more = affected.length > NAMED_MAX ? `\n  and ${affected.length - NAMED_MAX} more: see --json` : "";
    const names = affected.slice(0, NAMED_MAX).map((name) => `\n  ${name}`);
    const advice = "choose an earlier --at, or restore the others with --accept-loss";
    reporter.failed(`${error.message}; ${advice}${reporter.isJson ? "" : `${names.join("")}${more}`}`, { affected });
    return EXIT_INCOMPLETE;
  }
  if (error instanceof CommandFailure) {
    reporter.failed(error.message);
    return error.exitCode;
  }
  const isKnown = error instanceof RestoreError || error instanceof S3Error || error instanceof ServiceError;
  const code = (error as { readonly code?: unknown }).code;
  // Of a system call, such as a folder that cannot be written.
  if (!isKnown && typeof code !== "string") throw error;
  reporter.failed((error as Error).message, error instanceof ServiceError ? { code } : {});
  return EXIT_FAILED;
}
