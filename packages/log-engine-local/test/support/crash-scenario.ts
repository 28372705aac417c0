import { ManualClock, type Random, SeededRandom, ServiceError } from "@tidewire/foundation";
import type { LocalLogEngine } from "../../src/index.ts";
import type { ScanChecks } from "../../src/recovery/segment-scan.ts";
import { CrashDocument } from "./crash-document.ts";
import { type DiskLies, SimulatedDisk } from "./simulated-disk.ts";
import { openSmall } from "./small-engine.ts";

export interface CrashScenarioOptions {
  readonly rounds: number;
  readonly documents: number;
  readonly lies?: DiskLies;
  readonly checks?: ScanChecks;
  /** The disk also fails now and then, and works again. */
  readonly hasFaults?: boolean;
  /** The disk is so small that it is full now and then. */
  readonly hasLittleRoom?: boolean;
  /** Documents are replaced by what comes from another log, now and then. */
  readonly hasInstalls?: boolean;
}

export interface CrashReport {
  cuts: number;
  /** Cuts that struck while the log was being opened. */
  cutsAtStart: number;
  acknowledged: number;
  /** Failures of single operations that were planned. */
  faults: number;
  /** Log segments written over dead ones, full of valid old records. */
  recycled: number;
  /** Writes for which the disk had no room. */
  roomless: number;
}

/**
 * Writers at work on a simulated disk, whose power goes at a random change, again and again, also while the log is being
 * opened. Throws if anything acknowledged is missing, or anything else is there than what was sent, whole and in order.
 */
export async function crashScenario(seed: number, options: CrashScenarioOptions): Promise<CrashReport> {
  const random = new SeededRandom(seed);
  const disk = new SimulatedDisk(random);
  disk.hasShortWrites = random.next() < 0.3;
  if (options.hasLittleRoom === true) disk.capacityBytes = 120_000 + random.below(80_000);
  disk.lies = options.lies ?? {};
  const documents = Array.from(
    { length: options.documents },
    (_, index) => new CrashDocument({ space: "board-game", key: `g${index}` }, random, options.hasInstalls),
  );
  try {
    return await play(disk, documents, random, options);
  } finally {
    // Whatever is still at work when the scenario has failed must not go on for ever.
    disk.cutNow();
  }
}

async function play(
  disk: SimulatedDisk,
  documents: readonly CrashDocument[],
  random: Random,
  options: CrashScenarioOptions,
): Promise<CrashReport> {
  const report: CrashReport = { cuts: 0, cutsAtStart: 0, acknowledged: 0, faults: 0, recycled: 0, roomless: 0 };
  for (let round = 0; round < options.rounds; round++) {
    const off = disk.cutAfter(1 + random.below(random.next() < 0.3 ? 15 : 250));
    const clock = new ManualClock();
    const engine = await until(off, open(disk, options, clock));
    if (engine === "off") report.cutsAtStart++;
    else {
      const saboteur = options.hasFaults === true ? [sabotage(disk, random, report)] : [];
      await until(
        off,
        Promise.race([work({ engine, clock, isAlive: disk.lifeSign() }, documents, random), ...saboteur]),
      );
    }
    report.cuts++;
    disk.restart(random.next() < 0.7 ? "power" : "process");
  }
  report.roomless = disk.roomlessWrites;
  disk.capacityBytes = Number.POSITIVE_INFINITY;
  for (let turn = 0; turn < 2; turn++) {
    const engine = await open(disk, options);
    for (const document of documents) await document.check(engine);
    await engine.close();
  }
  report.recycled = disk.recycledSegments;
  for (const { acknowledged } of documents) report.acknowledged += acknowledged;
  return report;
}

async function open(
  disk: SimulatedDisk,
  options: CrashScenarioOptions,
  clock = new ManualClock(),
): Promise<LocalLogEngine> {
  const modules = options.checks === undefined ? {} : { checks: options.checks };
  const engine = await openSmall(disk, { modules, clock });
  if (engine.problems.length > 0) throw new Error(`a crash is no damage: ${JSON.stringify(engine.problems)}`);
  return engine;
}

interface LivingEngine {
  readonly engine: LocalLogEngine;
  readonly clock: ManualClock;
  /** Nothing may happen to the documents any more when it is dead, whatever it still answers. */
  readonly isAlive: () => boolean;
}

async function work(living: LivingEngine, documents: readonly CrashDocument[], random: Random): Promise<never> {
  const { engine, isAlive } = living;
  for (const document of documents) await checkUntilItAnswers(document, living);
  const writer = async (document: CrashDocument): Promise<never> => {
    for (;;) {
      const burst = Array.from({ length: 1 + random.below(3) }, () => document.write(engine));
      const failures = (await Promise.allSettled(burst)).flatMap((each) =>
        each.status === "rejected" ? [each.reason as unknown] : [],
      );
      if (!isAlive()) return new Promise(() => {});
      if (failures.length === 0) continue;
      for (const failure of failures) if (!isUnavailable(failure)) throw failure as Error;
      await checkUntilItAnswers(document, living);
    }
  };
  const background = async (): Promise<never> => {
    for (;;) {
      for (let turns = random.below(60); turns > 0; turns--) await turn();
      if (!isAlive()) return new Promise(() => {});
      await engine.compact({ withCheckpoint: random.next() < 0.3 });
      await turn();
    }
  };
  // The background rests by the clock: one that stood still would let snapshots wait, and their writers, for ever.
  const time = async (): Promise<never> => {
    for (;;) {
      await turn();
      if (!isAlive()) return new Promise(() => {});
      living.clock.advance(1);
    }
  };
  return Promise.race([...documents.map(writer), background(), time()]);
}

/** A failed disk makes outcomes unknown: the writer has to find out, as soon as the log works again. */
async function checkUntilItAnswers(document: CrashDocument, living: LivingEngine): Promise<void> {
  while (living.isAlive()) {
    try {
      await document.check(living.engine);
      return;
    } catch (error) {
      if (!isUnavailable(error)) throw error;
    }
    living.clock.advance(2_000);
    await turn();
  }
  await new Promise(() => {});
}

async function sabotage(disk: SimulatedDisk, random: Random, report: CrashReport): Promise<never> {
  const operations = ["write", "sync", "create", "syncDirectory", "truncate", "rename", "remove"] as const;
  const isAlive = disk.lifeSign();
  for (;;) {
    for (let turns = random.below(30); turns > 0; turns--) await turn();
    if (!isAlive()) return new Promise(() => {});
    disk.failNext(operations[random.below(operations.length)]!, random.next() < 0.5 ? "EIO" : "ENOSPC");
    report.faults++;
  }
}

function isUnavailable(error: unknown): boolean {
  return error instanceof ServiceError && error.code === "unavailable";
}

function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** What the work comes to, or that the power went first. What it fails with fails the scenario. */
function until<Result>(off: Promise<void>, work: Promise<Result>): Promise<Result | "off"> {
  return Promise.race([work, off.then((): "off" => "off")]);
}
