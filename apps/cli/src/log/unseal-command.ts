import { Command } from "commander";
import { CommandFailure } from "../command-failure.ts";
import { connectLog, type LinkFlags } from "../log-connection.ts";
import { addresses, withLinkOptions } from "../log-options.ts";
import { outputOf, runCommand } from "./output.ts";

interface UnsealFlags extends LinkFlags {
  readonly log: readonly string[];
  readonly force?: boolean;
  readonly json?: boolean;
}

/** `tidewire log unseal`: gives up a migration. */
export function unsealCommand(): Command {
  const command = new Command("unseal")
    .description("let a log take writes again that a migration has sealed, to give that migration up")
    .requiredOption("--log <addresses>", "log storages, in the order of their shards", addresses)
    .option("--force", "although the log has moved: what was written at its new place since is lost to it")
    .option("--json", "report as one JSON object, for programs");
  return withLinkOptions(command).action((flags: UnsealFlags) =>
    runCommand(
      "log unseal",
      async () => {
        const log = await connectLog(flags.log, flags);
        try {
          const moved = (await log.describe()).find(({ isSealed, movedTo }) => isSealed && movedTo !== "");
          if (moved !== undefined && flags.force !== true) {
            throw new CommandFailure(
              `this log was sealed to move to ${moved.movedTo}. Make sure that no host uses those, then repeat with --force`,
            );
          }
          await log.seal(false, "");
          outputOf(flags).say({ event: "unsealed", addresses: flags.log }, "The log takes writes.");
        } finally {
          await log.close();
        }
      },
      "changes",
    ),
  );
}
