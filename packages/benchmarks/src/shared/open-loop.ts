import { CpuMark, cpuSecondsOf } from "./process-cpu.ts";
import { Samples } from "./samples.ts";

/** The timer of Node is no finer; it is a part of every latency from the due time, about half of it in the median. */
export const TICK_MS = 1;

/**
 * What makes the loop look at the clock:
 * - `timer`: every millisecond, like a process that sleeps in between; its CPU is that of the load;
 * - `turn`: every turn of the event loop, so that an operation goes out within microseconds of its due time. The process
 *   never sleeps, so that its CPU says nothing.
 */
export type LoopWake = "timer" | "turn";

/**
 * Issues operation i at its time, t0 + i / rate, whatever became of the earlier ones: a system that stalls is not spared
 * the load of the stall. Operations that fell due while the process was busy are issued at once, and keep their due time.
 */
export class OpenLoop {
  /** How late the timer fired; with `turn`, how late the first operation of those that were issued together was. */
  readonly tickLateMs = new Samples();
  readonly #perMs: number;
  readonly #startedAt = performance.now();
  readonly #issue: (index: number, dueAt: number, tickAt: number) => void;
  readonly #timer: ReturnType<typeof setInterval> | undefined;
  #next = 0;
  #turns = 0;
  #isStopped = false;
  #lastTickAt = this.#startedAt;

  /** @param issue also gets when the tick began that issues the operation; a clock read per operation would cost more. */
  constructor(
    perSecond: number,
    issue: (index: number, dueAt: number, tickAt: number) => void,
    wake: LoopWake = "timer",
  ) {
    this.#perMs = perSecond / 1_000;
    this.#issue = issue;
    if (wake === "timer") this.#timer = setInterval(() => this.#tick(), TICK_MS);
    else setImmediate(this.#turn);
  }

  get issued(): number {
    return this.#next;
  }

  /** How often the loop of `turn` has looked. */
  get turns(): number {
    return this.#turns;
  }

  stop(): void {
    this.#isStopped = true;
    clearInterval(this.#timer);
  }

  #tick(): void {
    const now = performance.now();
    this.tickLateMs.add(now - this.#lastTickAt - TICK_MS);
    this.#lastTickAt = now;
    this.#issueDue(now);
  }

  readonly #turn = (): void => {
    if (this.#isStopped) return;
    this.#turns++;
    const now = performance.now();
    const nextDueAt = this.#startedAt + this.#next / this.#perMs;
    if (now >= nextDueAt) this.tickLateMs.add(now - nextDueAt);
    this.#issueDue(now);
    setImmediate(this.#turn);
  };

  #issueDue(now: number): void {
    const due = Math.floor((now - this.#startedAt) * this.#perMs);
    for (; this.#next <= due; this.#next++) {
      this.#issue(this.#next, this.#startedAt + this.#next / this.#perMs, now);
    }
  }
}

/**
 * The turns that the event loop of this process makes in a second of CPU while a loop of `turn` has nothing to issue. By
 * CPU and not by the clock, so that whatever else runs on the core does not count.
 */
export function idleTurnsPerCpuSecond(durationMs: number): Promise<number> {
  const mark = new CpuMark();
  const until = performance.now() + durationMs;
  let turns = 0;
  return new Promise((resolve) => {
    const turn = (): void => {
      turns++;
      if (performance.now() < until) setImmediate(turn);
      else resolve(turns / cpuSecondsOf(mark.read()));
    };
    turn();
  });
}
