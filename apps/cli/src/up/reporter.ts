import type { ReloadReport } from "../watch/documents-reload.ts";
import type { PlannedProcess } from "./cluster-plan.ts";

/** Tells a person, or a program, what the cluster does. */
export interface Reporter {
  started(process: PlannedProcess, pid: number): void;
  ready(process: PlannedProcess, afterMs: number): void;
  crashed(process: PlannedProcess, exit: string, lastWords: string, restartInMs: number | undefined): void;
  up(url: string): void;
  /** Document code has changed, and the hosts have taken it or not. */
  reloaded(report: ReloadReport): void;
  /** Document code has changed and cannot be built. */
  broken(text: string): void;
  stopping(): void;
  stopped(): void;
}

/** One line a step. */
export class TextReporter implements Reporter {
  readonly #dataFolder: string;
  #isUp = false;

  constructor(dataFolder: string) {
    this.#dataFolder = dataFolder;
    console.log(`Tidewire starts; data and logs are in ${dataFolder}`);
  }

  started(): void {}

  ready(process: PlannedProcess, afterMs: number): void {
    console.log(`  ${process.name.padEnd(18)} ready after ${(afterMs / 1000).toFixed(1)} s`);
  }

  crashed(process: PlannedProcess, exit: string, lastWords: string, restartInMs: number | undefined): void {
    const next = restartInMs === undefined ? "" : `; starting it again in ${Math.round(restartInMs)} ms`;
    if (this.#isUp || restartInMs !== undefined) console.log(`  ${process.name.padEnd(18)} ended with ${exit}${next}`);
    if (lastWords !== "" && restartInMs !== undefined) console.log(`    ${lastWords.split("\n").at(-1)}`);
  }

  up(url: string): void {
    this.#isUp = true;
    console.log(`\nTidewire is up. Open ${url}\nCtrl-C stops everything; the next start finds the data again.`);
  }

  reloaded({ refusal, spaces, documents, behind }: ReloadReport): void {
    if (refusal !== undefined) console.error(`\n${refusal}\nThe old document code goes on.`);
    else console.log(`new code for ${spaces.join(", ")}; ${documents} documents in memory went over`);
    for (const { document, reason } of behind) console.error(`  ${document} goes on under the old code: ${reason}`);
  }

  broken(text: string): void {
    console.error(`\n${text}\nThe old document code goes on.`);
  }

  stopping(): void {
    console.log("\nstopping");
  }

  stopped(): void {
    console.log(`stopped; the data stays in ${this.#dataFolder}`);
  }
}

/** One JSON object a line, for programs: tests and benchmarks find processes by it. */
export class JsonReporter implements Reporter {
  started(process: PlannedProcess, pid: number): void {
    this.#write({ event: "started", name: process.name, app: process.app, pid, admin: process.admin });
  }

  ready(process: PlannedProcess, afterMs: number): void {
    this.#write({ event: "ready", name: process.name, afterMs: Math.round(afterMs) });
  }

  crashed(process: PlannedProcess, exit: string, lastWords: string, restartInMs: number | undefined): void {
    this.#write({ event: "crashed", name: process.name, exit, lastWords, restartInMs: restartInMs ?? null });
  }

  up(url: string): void {
    this.#write({ event: "up", url });
  }

  reloaded(report: ReloadReport): void {
    this.#write({ event: "reloaded", ...report, refusal: report.refusal ?? null });
  }

  broken(text: string): void {
    this.#write({ event: "broken", text });
  }

  stopping(): void {
    this.#write({ event: "stopping" });
  }

  stopped(): void {
    this.#write({ event: "stopped" });
  }

  #write(event: object): void {
    process.stdout.write(`${JSON.stringify(event)}\n`);
  }
}
