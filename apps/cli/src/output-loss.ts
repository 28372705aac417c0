/** As a shell gives it to a program that SIGPIPE has ended. */
const EXIT_CLOSED_PIPE = 141;

/**
 * What becomes of a command whose output can no longer be written: one that only prints ends, quietly where the reader
 * has closed the pipe (`| head`). One that changes something goes on to its end, and its exit code tells the outcome.
 */
export function watchOutput(name: string, does: "prints" | "changes"): void {
  let hasSaid = false;
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (does === "prints" && error.code === "EPIPE") process.exit(EXIT_CLOSED_PIPE);
    if (!hasSaid) process.stderr.write(`tidewire ${name}: cannot write the output: ${error.message}\n`);
    hasSaid = true;
    if (does === "prints") process.exit(1);
  });
  process.stderr.on("error", () => {
    if (does === "prints") process.exit(EXIT_CLOSED_PIPE);
  });
}
