import { Command } from "commander";
import { Interruption } from "../interruption.ts";
import { connectLog, type LinkFlags } from "../log-connection.ts";
import { addresses, withLinkOptions } from "../log-options.ts";
import { openSource } from "./log-source.ts";
import { type MigrationFlags, MigrationRun } from "./migration-run.ts";
import { outputOf, runCommand } from "./output.ts";

interface MigrateFlags extends MigrationFlags, LinkFlags {
  readonly from: readonly string[];
  readonly to: readonly string[];
  readonly json?: boolean;
}

const MIGRATE_HELP = `
It can be broken off at any time and run again. Ctrl-C or SIGTERM before the target is open gives the change-over up: the
source takes writes again. After a kill in the middle of one, the same command finishes it, "log unseal" gives it up.
Exit codes: 0 done, 1 it cannot be done, 2 wrong usage, 130 and 143 broken off by a signal.

Examples:
  tidewire log migrate --from log-0:7300,log-1:7300 --to new-0:7300,new-1:7300,new-2:7300 --dry-run
  tidewire log migrate --from log-0:7300,log-1:7300 --to new-0:7300,new-1:7300,new-2:7300 --cut-over
  tidewire log migrate --from /var/lib/tidewire/log --to log-on-nats:7300 --cut-over`;

/** `tidewire log migrate`. */
export function migrateCommand(): Command {
  const command = new Command("migrate")
    .description(
      "move the log to other log storages: another number of shards, another disk, another engine. Copies while the " +
        "source serves and can be broken off and run again; with --cut-over the source is then sealed, the rest " +
        "copied, and every record compared",
    )
    .requiredOption(
      "--from <places>",
      "the log as it is: addresses of its log storages in the order of their shards, or folders no process serves",
      addresses,
    )
    .requiredOption("--to <addresses>", "new log storages, in the order of their shards; empty at first", addresses)
    .option("--cut-over", "change over when the copy is up to date; hosts must be pointed to the target then")
    .option("--dry-run", "only count what would be copied")
    .option("--json", "report in JSON lines, for programs")
    .addHelpText("after", MIGRATE_HELP);
  return withLinkOptions(command).action((flags: MigrateFlags) =>
    runCommand(
      "log migrate",
      async () => {
        const interruption = new Interruption();
        const source = await openSource(flags.from, flags);
        try {
          const target = await connectLog(flags.to, flags);
          try {
            await new MigrationRun({ source, target, output: outputOf(flags), interruption }, flags).run();
          } finally {
            await target.close();
          }
        } finally {
          await source.close();
          interruption.stop();
        }
      },
      "changes",
    ),
  );
}
