import type { ErrorRegistry } from "../model/error-registry.ts";
import { documentHeader, Printer } from "./printer.ts";
import { cell } from "./protocol-page.ts";

/** The table of errors, in Markdown. */
export function emitErrorsPage(registry: ErrorRegistry, digest: string): string {
  const out = new Printer();
  out.line(documentHeader(registry.file, digest)).line().line("# Errors").line();
  out.line("Codes and numbers are API; the text of a message is not. A retryable error says after how long.");
  for (const range of registry.ranges) {
    const errors = registry.errors.filter((entry) => entry.number >= range.from && entry.number <= range.to);
    out.line().line(`## ${range.subsystem}: ${range.from}-${range.to}`).line();
    out.line("| number | code | retry | HTTP | for | meaning |").line("|---|---|---|---|---|---|");
    for (const entry of errors) {
      const retry = !entry.retryable
        ? "no"
        : entry.retryAfterMs === undefined
          ? "yes"
          : `after ${entry.retryAfterMs} ms`;
      out.line(
        `| ${entry.number} | \`${entry.code}\` | ${retry} | ${entry.httpStatus} | ${entry.audience} | ${cell(entry.meaning)} |`,
      );
    }
  }
  return out.toString();
}
