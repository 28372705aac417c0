import { Command } from "commander";
import { upCommand } from "./up/up-command.ts";

await new Command("tidewire")
  .description("Tidewire on the command line")
  .version("0.1.0")
  .addCommand(upCommand())
  .parseAsync();
