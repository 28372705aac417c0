import type { DocumentContext } from "./context.ts";

/** Work at times of the calendar. Bound to the document, not to a host: it wakes a document that is not loaded. */
export interface CronSpec<Doc> {
  /** Five fields, such as `"0 3 * * MON-FRI"` (minute, hour, day of month, month, weekday), or `"@daily"`. */
  readonly schedule: string;
  /** IANA name such as `"Europe/Berlin"`; `"UTC"` by default. */
  readonly timeZone?: string;
  /**
   * A transaction like a message. `dueAt` is the time it was due, wall clock in ms: before `ctx.now` when the document had
   * to be woken or the fleet was down. Runs that were missed meanwhile are one run, with the oldest time.
   */
  run(doc: Doc, ctx: DocumentContext, dueAt: number): void;
}
