import { Worker } from "node:worker_threads";
import type { Clock, Logger, Timer } from "@tidewire/foundation";
import { type IoAnswer, type IoOperation, STARTED_ID } from "./io-request.ts";
import { Slots } from "./slots.ts";

export interface IoThreadModules {
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface IoThreadOptions {
  /** For people. */
  readonly name: string;
  /** The script of the worker: `io-worker.ts`, bundled. */
  readonly entry: URL;
  /** A thread that has not answered for this long is given up. */
  readonly stallMs: number;
}

interface Waiting {
  /** When it was asked for, or when the thread had started, if that was later. */
  startedAt: number;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** So long a thread may take to start, which on a busy machine has nothing to do with the disk. */
const START_MAX_MS = 15_000;
/** After a pause of this process itself an answer may be there already: so long it has time to be read. */
const LAST_CHANCE_MS = 100;

/** The thread has died or hangs: what it was doing may have happened or not. Carries `EIO`, as a disk that fails would. */
export class IoThreadLost extends Error {
  override readonly name = "IoThreadLost";
  readonly code = "EIO";
}

/**
 * A worker thread that writes and syncs, watched: if it dies or does not answer, everything that waits for it fails, and
 * the next request starts another one.
 *
 * It is asked by messages. To wake it through shared memory (`Atomics.wait`) takes 8 instead of 19 us, the way back as
 * long as before; beside a sync of 280 us that was 1.04 instead of 1.03 of a bare loop, and a spin before sleeping made it
 * 1.00. Not worth a thread that hears no messages.
 */
export class IoThread {
  readonly #modules: IoThreadModules;
  readonly #options: IoThreadOptions;
  /** A request goes by the number of its slot. */
  readonly #waiting = new Slots<Waiting>(STARTED_ID + 1);
  #worker: Worker | undefined;
  #hasStarted = false;
  #watchdog: Timer | undefined;

  constructor(modules: IoThreadModules, options: IoThreadOptions) {
    this.#modules = modules;
    this.#options = options;
  }

  /** Ahead of the first request, which would otherwise wait the tens of milliseconds that this takes. */
  start(): void {
    this.#worker ??= this.#begin();
  }

  /** Rejects with the error of the system call, or with `IoThreadLost`. */
  run(operation: IoOperation): Promise<unknown> {
    const worker = (this.#worker ??= this.#begin());
    return new Promise((resolve, reject) => {
      if (this.#waiting.size === 0) worker.ref();
      const id = this.#waiting.put({ startedAt: this.#modules.clock.monotonicMs(), resolve, reject });
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker of Node, not a window
      worker.postMessage({ id, operation });
      this.#watchdog ??= this.#watch(this.#patienceMs);
    });
  }

  async close(): Promise<void> {
    const worker = this.#worker;
    this.#lose("the log is closed");
    await worker?.terminate();
  }

  #begin(): Worker {
    const { entry, name } = this.#options;
    // Its descriptors are those of the process, and stay when it dies.
    const worker = new Worker(entry, { name, trackUnmanagedFds: false });
    worker.unref();
    worker.on("message", (answer: IoAnswer) => {
      // Of one that was given up; its requests have failed, and others have their slots.
      if (this.#worker !== worker) return;
      if (answer.id === STARTED_ID) this.#started();
      else this.#settle(answer);
    });
    const lost = (reason: string): void => {
      if (this.#worker !== worker) return;
      this.#modules.logger.error(
        { thread: name, reason },
        "an I/O thread of the log is lost; another one takes its place",
      );
      this.#lose(reason);
    };
    worker.on("error", (error: Error) => lost(error.message));
    worker.on("exit", (code) => lost(`it exited with code ${code}`));
    return worker;
  }

  get #patienceMs(): number {
    const { stallMs } = this.#options;
    return this.#hasStarted ? stallMs : Math.max(stallMs, START_MAX_MS);
  }

  #started(): void {
    this.#hasStarted = true;
    const now = this.#modules.clock.monotonicMs();
    for (const waiting of this.#waiting.values()) waiting.startedAt = now;
    if (this.#watchdog === undefined) return;
    this.#watchdog.cancel();
    this.#watchdog = this.#watch(this.#patienceMs);
  }

  #settle(answer: IoAnswer): void {
    const waiting = this.#waiting.take(answer.id);
    if (waiting === undefined) return;
    if (this.#waiting.size === 0) this.#worker?.unref();
    if ("error" in answer) waiting.reject(Object.assign(new Error(answer.error.message), answer.error));
    else waiting.resolve(answer.result);
  }

  #watch(delayMs: number, isLastChance = false): Timer {
    return this.#modules.clock.after(delayMs, () => {
      this.#watchdog = undefined;
      if (this.#waiting.size === 0) return;
      const oldestAt = Math.min(...this.#waiting.values().map(({ startedAt }) => startedAt));
      const leftMs = oldestAt + this.#patienceMs - this.#modules.clock.monotonicMs();
      if (leftMs > 0) this.#watchdog = this.#watch(leftMs);
      else if (!isLastChance) this.#watchdog = this.#watch(LAST_CHANCE_MS, true);
      else this.#giveUp();
    });
  }

  #giveUp(): void {
    const worker = this.#worker;
    const { name } = this.#options;
    const stallMs = this.#patienceMs;
    this.#modules.logger.error(
      { thread: name, stallMs },
      "an I/O thread of the log hangs; another one takes its place",
    );
    this.#lose(`it has not answered for ${stallMs} ms`);
    // It may be inside the kernel: nobody waits for its end.
    void worker?.terminate();
  }

  #lose(reason: string): void {
    this.#worker = undefined;
    this.#hasStarted = false;
    this.#watchdog?.cancel();
    this.#watchdog = undefined;
    for (const { reject } of this.#waiting.takeAll())
      reject(new IoThreadLost(`the I/O thread ${this.#options.name}: ${reason}`));
  }
}
