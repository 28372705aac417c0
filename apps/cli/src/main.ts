import { Command } from "commander";
import { logCommand } from "./log/log-command.ts";
import { restoreCommand } from "./restore/restore-command.ts";
import { upCommand } from "./up/up-command.ts";

await new Command("tidewire")
  .description("Tidewire on the command line")
  .version("0.1.0")
  .addCommand(upCommand())
  .addCommand(logCommand())
  .addCommand(restoreCommand())
  .parseAsync();
