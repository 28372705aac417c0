import { Command } from "commander";
import { logCommand } from "./log/log-command.ts";
import { restoreCommand } from "./restore/restore-command.ts";
import { upCommand } from "./up/up-command.ts";

/** Of every command: 1 is an answer, such as that a log is damaged. */
const EXIT_WRONG_USAGE = 2;

const tidewire = new Command("tidewire")
  .description("Tidewire on the command line")
  .version("0.1.0")
  .addCommand(upCommand())
  .addCommand(logCommand())
  .addCommand(restoreCommand());
exitOnWrongUsage(tidewire);
await tidewire.parseAsync();

/** Commands that were made apart do not inherit it. */
function exitOnWrongUsage(command: Command): void {
  command.exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : EXIT_WRONG_USAGE));
  for (const each of command.commands) exitOnWrongUsage(each);
}
