import { Command } from "commander";
import { runRestore } from "./run-restore.ts";
import { openBackup, type S3Flags, withS3Flags } from "./s3-flags.ts";

/** What there is to restore from. */
export function restoreListCommand(): Command {
  return withS3Flags(new Command("list"))
    .description("list the moments a whole directory can be restored to, newest epoch first")
    .option("--json", "JSON lines, for programs")
    .action((flags: S3Flags & { readonly json?: boolean }) =>
      runRestore(flags.json, async (reporter) => {
        const reader = await openBackup(flags);
        for (const { epoch, number, at } of await reader.manifests()) {
          const time = new Date(at).toISOString();
          reporter.event("manifest", { epoch, number, at, time }, `${time}  epoch ${epoch}  manifest ${number}`);
        }
      }),
    );
}
