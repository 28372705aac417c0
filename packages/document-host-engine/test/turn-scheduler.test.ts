import { expect, test } from "@jest/globals";
import { type Clock, noLogger, type Timer } from "@tidewire/foundation";
import { plainGuard, type TurnBudget, TurnScheduler, type TurnWorker } from "../src/turn-scheduler.ts";

/** A clock that work itself moves. Timers wait for `next`. */
class WorkClock implements Clock {
  now = 0;
  readonly #timers: (() => void)[] = [];

  wallMs(): number {
    return this.now;
  }

  monotonicMs(): number {
    return this.now;
  }

  after(_delayMs: number, callback: () => void): Timer {
    this.#timers.push(callback);
    return { cancel: () => {} };
  }

  next(): void {
    for (const callback of this.#timers.splice(0)) callback();
  }
}

class Worker implements TurnWorker {
  readonly events: string[] = [];
  readonly #clock: WorkClock;
  readonly #costMs: number;
  onWork: (budget: TurnBudget) => void = () => {};
  onFinish: () => void = () => {};

  constructor(clock: WorkClock, costMs: number) {
    this.#clock = clock;
    this.#costMs = costMs;
  }

  prepare(): void {
    this.events.push("prepare");
  }

  work(budget: TurnBudget): void {
    this.#clock.now += this.#costMs;
    this.onWork(budget);
    this.events.push("work");
  }

  finish(): void {
    this.events.push("finish");
    this.onFinish();
  }

  cut(error: unknown): void {
    this.events.push(`cut: ${(error as Error).message}`);
  }
}

function scheduler(clock: WorkClock) {
  return new TurnScheduler({ guard: plainGuard, clock, logger: noLogger }, { sliceMs: 10 });
}

test("what becomes ready in one turn of the event loop is worked through after it, together", async () => {
  const clock = new WorkClock();
  const turns = scheduler(clock);
  const workers = [new Worker(clock, 0), new Worker(clock, 0)];
  for (const worker of [...workers, ...workers]) turns.markReady(worker);
  expect(workers[0]!.events).toEqual([]);
  await Promise.resolve();
  for (const worker of workers) expect(worker.events).toEqual(["prepare", "work", "finish"]);
});

test("when the slice is spent the others wait for the event loop, and lose nothing", async () => {
  const clock = new WorkClock();
  const turns = scheduler(clock);
  const workers = Array.from({ length: 5 }, () => new Worker(clock, 6));
  for (const worker of workers) turns.markReady(worker);
  await Promise.resolve();
  const finished = () => workers.filter((worker) => worker.events.includes("finish")).length;
  expect(finished()).toBe(2);
  clock.next();
  expect(finished()).toBe(4);
  clock.next();
  expect(finished()).toBe(5);
  for (const worker of workers) expect(worker.events.filter((event) => event === "work").length).toBe(1);
});

test("a worker that throws is cut; those before it finish, those after it get their turn", async () => {
  const clock = new WorkClock();
  const turns = scheduler(clock);
  const workers = [new Worker(clock, 0), new Worker(clock, 0), new Worker(clock, 0)];
  workers[1]!.onWork = () => {
    throw new Error("too long");
  };
  for (const worker of workers) turns.markReady(worker);
  await Promise.resolve();
  expect(workers.map((worker) => worker.events.at(-1))).toEqual(["finish", "cut: too long", "finish"]);
});

test("a fault while finishing drops that document and no other", async () => {
  const clock = new WorkClock();
  const turns = scheduler(clock);
  const workers = [new Worker(clock, 0), new Worker(clock, 0)];
  workers[0]!.onFinish = () => {
    throw new Error("ours");
  };
  for (const worker of workers) turns.markReady(worker);
  await Promise.resolve();
  expect(workers.map((worker) => worker.events.at(-1))).toEqual(["cut: ours", "finish"]);
});

test("a worker that asks for another turn while finishing gets it", async () => {
  const clock = new WorkClock();
  const turns = scheduler(clock);
  const worker = new Worker(clock, 0);
  let left = 3;
  worker.onFinish = () => {
    if (left-- > 0) turns.markReady(worker);
  };
  turns.markReady(worker);
  await Promise.resolve();
  expect(worker.events.filter((event) => event === "finish").length).toBe(4);
});

test("what several reads brought is one turn where the end of the reads can be known, and the rest waits for the next", async () => {
  const clock = new WorkClock();
  let reads: (() => void)[] = [];
  const afterReads = (run: () => void): void => void reads.push(run);
  const guarded: number[] = [];
  const guard = {
    run<T>(work: () => T): T {
      guarded.push(clock.now);
      return work();
    },
  };
  const subject = new TurnScheduler({ guard, clock, logger: noLogger, afterReads }, { sliceMs: 5 });
  const endReads = (): void => {
    const due = reads;
    reads = [];
    for (const run of due) run();
  };
  const workers = Array.from({ length: 4 }, () => new Worker(clock, 2));
  for (const worker of workers) {
    subject.markReady(worker);
    await Promise.resolve();
  }
  expect([guarded, reads.length]).toEqual([[], 1]);
  endReads();
  expect(guarded).toEqual([0]);
  expect(workers.map((worker) => worker.events.includes("finish"))).toEqual([true, true, true, false]);
  clock.next();
  expect([guarded.length, reads.length]).toEqual([1, 1]);
  endReads();
  expect(workers[3]!.events.slice(-2)).toEqual(["work", "finish"]);
  expect(reads.length).toBe(0);
});
