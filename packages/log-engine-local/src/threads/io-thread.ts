import { Worker } from "node:worker_threads";
import type { Clock, Logger, Timer } from "@tidewire/foundation";
import { IoDesk } from "./io-desk.ts";
import { type IoAnswer, type IoMessage, type IoOperation, type IoWorkerData, STARTED_ID } from "./io-request.ts";
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
  /** It is asked to write and sync only, and so at a desk. */
  readonly hasDesk: boolean;
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

/** Memories a thread knows by number, and their size: batches are written from three that are used again and again. */
const MEMORIES_MAX = 4;
const MEMORY_MAX_BYTES = 8 * 1024 * 1024;

/** The thread has died or hangs: what it was doing may have happened or not. Carries `EIO`, as a disk that fails would. */
export class IoThreadLost extends Error {
  override readonly name = "IoThreadLost";
  readonly code = "EIO";
}

/**
 * A worker thread that writes and syncs, watched: if it dies or does not answer, everything that waits for it fails, and
 * the next request starts another one.
 *
 * One with a desk sleeps on shared memory instead of in its event loop, and a write is left there as a few numbers: 1, 64
 * and 256 appenders at a time get 4 % more done than by messages. Answers are messages either way: `Atomics.waitAsync` on
 * this side is no faster. Nothing else about the hand-over pays. To begin a flush before all of its turn is encoded, or to
 * have two under way, loses a fifth at 256: a flush of half takes 0.9 of the time, and where it overlaps with encoding
 * the kernel's part of it waits for the same core. To let this thread put in the checksums and write, but not sync, what is
 * there while the rest is encoded takes a fifth of the CPU time off the other one, and 12 % off a round where the two have
 * a core each; but a wake-up often puts both on one core, and over all phases nothing is left of it at 256, and at 64 it
 * loses.
 */
export class IoThread {
  readonly #modules: IoThreadModules;
  readonly #options: IoThreadOptions;
  /** A request goes by the number of its slot. */
  readonly #waiting = new Slots<Waiting>(STARTED_ID + 1);
  #worker: Worker | undefined;
  /** Of this worker alone: one that was given up may still be at work at its own. */
  #desk: IoDesk | undefined;
  #memories: SharedArrayBuffer[] = [];
  #memoriesSent = 0;
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
      if (!this.#leave(id, operation, worker)) send(worker, { id, operation });
      this.#desk?.ring();
      this.#watchdog ??= this.#watch(this.#patienceMs);
    });
  }

  async close(): Promise<void> {
    const worker = this.#worker;
    this.#lose("the log is closed");
    await worker?.terminate();
  }

  /** Whether it could be left on the desk. */
  #leave(id: number, operation: IoOperation, worker: Worker): boolean {
    const desk = this.#desk;
    if (desk?.isFree !== true || operation.kind !== "write") return false;
    const memory = operation.bytes.buffer;
    if (!(memory instanceof SharedArrayBuffer) || memory.byteLength > MEMORY_MAX_BYTES) return false;
    const known = this.#memories.indexOf(memory);
    desk.leave(id, operation, known === -1 ? this.#tell(memory, worker) : known);
    return true;
  }

  /** The number of the oldest one may be given anew: of writes not done yet one lies on the desk and one was taken, no more. */
  #tell(memory: SharedArrayBuffer, worker: Worker): number {
    const number = this.#memoriesSent++ % MEMORIES_MAX;
    this.#memories[number] = memory;
    send(worker, { number, memory });
    return number;
  }

  #begin(): Worker {
    const { entry, name, hasDesk } = this.#options;
    this.#desk = hasDesk ? new IoDesk() : undefined;
    this.#memories = [];
    const workerData: IoWorkerData = { desk: this.#desk?.memory };
    // Its descriptors are those of the process, and stay when it dies.
    const worker = new Worker(entry, { name, trackUnmanagedFds: false, workerData });
    worker.unref();
    worker.on("message", (answer: IoAnswer) => {
      // Of one that was given up; its requests have failed, and others have their slots.
      if (this.#worker !== worker) return;
      if (answer === STARTED_ID) this.#started();
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
    const isBare = typeof answer === "number";
    const waiting = this.#waiting.take(isBare ? answer : answer.id);
    if (waiting === undefined) return;
    if (this.#waiting.size === 0) this.#worker?.unref();
    if (isBare) waiting.resolve(undefined);
    else if ("error" in answer) waiting.reject(Object.assign(new Error(answer.error.message), answer.error));
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

function send(worker: Worker, message: IoMessage): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker of Node, not a window
  worker.postMessage(message);
}
