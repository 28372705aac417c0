import { Command } from "commander";
import { restoreDirectoryCommand } from "./restore-directory.ts";
import { restoreDocumentCommand } from "./restore-document.ts";
import { restoreListCommand } from "./restore-list.ts";

/** `tidewire restore`: from the backup in S3. */
export function restoreCommand(): Command {
  return new Command("restore")
    .description("restore a log, or one document, from its backup in S3")
    .addCommand(restoreListCommand())
    .addCommand(restoreDirectoryCommand())
    .addCommand(restoreDocumentCommand());
}
