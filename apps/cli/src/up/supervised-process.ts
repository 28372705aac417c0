import { type ChildProcess, spawn } from "node:child_process";
import { createWriteStream, type WriteStream } from "node:fs";
import { Backoff, SystemRandom } from "@tidewire/foundation";
import type { PlannedProcess } from "./cluster-plan.ts";

export interface ProcessEvents {
  started(pid: number): void;
  /** It answered `/readyz`. */
  ready(afterMs: number): void;
  /** It ended although nobody asked it to; `restartInMs` says when it is started again. */
  crashed(exit: string, lastWords: string, restartInMs: number | undefined): void;
}

/** A process that was never ready is started this often before the cluster gives up. */
const STARTS_WITHOUT_READY = 3;
const READY_POLL_MS = 50;
const STOP_GRACE_MS = 20_000;

/** Runs one planned process, starts it again when it crashes, and stops it on request. */
export class SupervisedProcess {
  readonly plan: PlannedProcess;
  readonly #logFile: string;
  readonly #events: ProcessEvents;
  /** Shorter than between machines: a crashed local process should be back before a person wonders. */
  readonly #backoff = new Backoff(new SystemRandom(), { initialMs: 200, factor: 2, capMs: 5_000, spread: 0.2 });
  #child: ChildProcess | undefined;
  #log: WriteStream | undefined;
  #isStopping = false;
  #startsWithoutReady = 0;
  #restart: ReturnType<typeof setTimeout> | undefined;
  readonly #listeners = new Set<(message: unknown) => void>();

  constructor(plan: PlannedProcess, logFile: string, events: ProcessEvents) {
    this.plan = plan;
    this.#logFile = logFile;
    this.#events = events;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Resolves when the process is ready for the first time; rejects when it cannot be. */
  start(): Promise<void> {
    return new Promise((resolve, reject) => this.#spawn({ resolve, reject }));
  }

  /** Over the channel, to the process that runs now. Returns false when none does. */
  send(message: object): boolean {
    const child = this.#child;
    if (child?.connected !== true) return false;
    // It may end meanwhile; whoever waits for an answer gives up by time.
    child.send(message, () => {});
    return true;
  }

  /** What the process says over the channel. Returns how to stop listening. */
  onMessage(listener: (message: unknown) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    clearTimeout(this.#restart);
    const child = this.#child;
    if (child !== undefined && child.exitCode === null && child.signalCode === null) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(() => child.kill("SIGKILL"), STOP_GRACE_MS);
        child.once("exit", () => {
          clearTimeout(timer);
          resolve();
        });
        child.kill("SIGTERM");
      });
    }
    this.#log?.end();
  }

  #spawn(first?: { resolve: () => void; reject: (error: Error) => void }): void {
    const startedAt = performance.now();
    // A group of its own, so that Ctrl-C in the terminal reaches the supervisor alone, which stops everything in order.
    // The channel tells the process when the supervisor is gone, however that came about.
    const child = spawn(process.execPath, ["--enable-source-maps", this.plan.script, ...this.plan.args], {
      detached: true,
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    this.#child = child;
    child.on("message", (message) => {
      for (const listener of this.#listeners) listener(message);
    });
    this.#log ??= createWriteStream(this.#logFile, { flags: "a" });
    const words = new LastWords();
    child.stdout!.on("data", (chunk: Buffer) => this.#log?.write(chunk));
    child.stderr!.on("data", (chunk: Buffer) => {
      words.add(chunk);
      this.#log?.write(chunk);
    });
    if (child.pid !== undefined) this.#events.started(child.pid);
    let isOver = false;
    // Whoever waits for the first start; a crash after that is answered by another start.
    let awaited = first;
    child.once("error", (error) => words.add(Buffer.from(error.message)));
    child.once("close", (code, signal) => {
      isOver = true;
      if (!this.#isStopping) this.#onCrash(signal ?? `exit code ${code}`, words.text(), awaited?.reject);
    });
    void this.#watchReadiness(
      startedAt,
      () => isOver,
      () => {
        awaited?.resolve();
        awaited = undefined;
      },
    );
  }

  async #watchReadiness(startedAt: number, isOver: () => boolean, onReady: () => void): Promise<void> {
    if (!(await this.#awaitReady(isOver))) return;
    this.#startsWithoutReady = 0;
    this.#backoff.reset();
    this.#events.ready(performance.now() - startedAt);
    onReady();
  }

  #onCrash(exit: string, lastWords: string, reject: ((error: Error) => void) | undefined): void {
    this.#startsWithoutReady++;
    if (reject !== undefined || this.#startsWithoutReady > STARTS_WITHOUT_READY) {
      this.#events.crashed(exit, lastWords, undefined);
      reject?.(new Error(lastWords === "" ? `${this.plan.name} ended with ${exit}; see ${this.#logFile}` : lastWords));
      return;
    }
    const delayMs = this.#backoff.nextDelayMs();
    this.#events.crashed(exit, lastWords, delayMs);
    this.#restart = setTimeout(() => this.#spawn(), delayMs);
  }

  async #awaitReady(isOver: () => boolean): Promise<boolean> {
    while (!isOver()) {
      try {
        const response = await fetch(`http://${this.plan.admin}/readyz`, { signal: AbortSignal.timeout(1_000) });
        if (response.ok) return true;
      } catch {
        // Not listening yet.
      }
      await new Promise((resolve) => setTimeout(resolve, READY_POLL_MS));
    }
    return false;
  }
}

/** The end of what a process wrote to standard error: usually the one line that says why it went away. */
class LastWords {
  #text = "";

  add(chunk: Buffer): void {
    this.#text = (this.#text + chunk.toString("utf8")).slice(-2_000);
  }

  text(): string {
    return this.#text.trim();
  }
}
