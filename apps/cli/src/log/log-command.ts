import { Command } from "commander";
import { dumpCommand } from "./dump-command.ts";
import { fsckCommand } from "./fsck-command.ts";
import { migrateCommand } from "./migrate-command.ts";
import { showCommand } from "./show-command.ts";
import { unsealCommand } from "./unseal-command.ts";

/** `tidewire log`: what an operator does with the log. */
export function logCommand(): Command {
  return new Command("log")
    .description("look after the log: check it, look into it, move it")
    .addCommand(migrateCommand())
    .addCommand(unsealCommand())
    .addCommand(showCommand())
    .addCommand(fsckCommand())
    .addCommand(dumpCommand());
}
