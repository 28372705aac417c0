import { Progress } from "../progress.ts";

/** Lines for people on standard error and standard output, or JSON lines for programs. */
export class RestoreReporter {
  readonly isJson: boolean;
  readonly #progress = new Progress("restore");
  #shownAt = 0;

  constructor(isJson: boolean) {
    this.isJson = isJson;
  }

  /** Something that took place; `text` is for people. */
  event(event: string, details: Readonly<Record<string, unknown>>, text: string): void {
    console.log(this.isJson ? JSON.stringify({ event, ...details }) : text);
  }

  /** At most once a second. */
  progress(doneBytes: number, totalBytes: number): void {
    if (!this.isJson) return this.#progress.report(doneBytes, totalBytes);
    const now = performance.now();
    if (now - this.#shownAt < 1_000) return;
    this.#shownAt = now;
    console.log(JSON.stringify({ event: "progress", doneBytes, totalBytes }));
  }

  failed(message: string, details: Readonly<Record<string, unknown>> = {}): void {
    if (this.isJson) console.log(JSON.stringify({ event: "failed", message, ...details }));
    else console.error(`tidewire restore: ${message}`);
  }
}
