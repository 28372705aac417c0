import { type Random, SeededRandom } from "@tidewire/foundation";
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
}

export interface CrashReport {
  cuts: number;
  /** Cuts that struck while the log was being opened. */
  cutsAtStart: number;
  acknowledged: number;
}

/**
 * Writers at work on a simulated disk, whose power goes at a random change, again and again, also while the log is being
 * opened. Throws if anything acknowledged is missing, or anything else is there than what was sent, whole and in order.
 */
export async function crashScenario(seed: number, options: CrashScenarioOptions): Promise<CrashReport> {
  const random = new SeededRandom(seed);
  const disk = new SimulatedDisk(random);
  disk.hasShortWrites = random.next() < 0.3;
  disk.lies = options.lies ?? {};
  const documents = Array.from(
    { length: options.documents },
    (_, index) => new CrashDocument({ space: "board-game", key: `g${index}` }, random),
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
  const report: CrashReport = { cuts: 0, cutsAtStart: 0, acknowledged: 0 };
  for (let round = 0; round < options.rounds; round++) {
    const off = disk.cutAfter(1 + random.below(random.next() < 0.3 ? 15 : 250));
    const engine = await until(off, open(disk, options));
    if (engine === "off") report.cutsAtStart++;
    else await until(off, work(engine, documents, random));
    report.cuts++;
    disk.restart(random.next() < 0.7 ? "power" : "process");
  }
  for (let turn = 0; turn < 2; turn++) {
    const engine = await open(disk, options);
    for (const document of documents) await document.check(engine);
    await engine.close();
  }
  for (const { acknowledged } of documents) report.acknowledged += acknowledged;
  return report;
}

async function open(disk: SimulatedDisk, options: CrashScenarioOptions): Promise<LocalLogEngine> {
  const modules = options.checks === undefined ? {} : { checks: options.checks };
  const engine = await openSmall(disk, { modules });
  if (engine.problems.length > 0) throw new Error(`a crash is no damage: ${JSON.stringify(engine.problems)}`);
  return engine;
}

async function work(engine: LocalLogEngine, documents: readonly CrashDocument[], random: Random): Promise<never> {
  for (const document of documents) await document.check(engine);
  const writer = async (document: CrashDocument): Promise<never> => {
    for (;;) {
      const burst = Array.from({ length: 1 + random.below(3) }, () => document.write(engine));
      await Promise.all(burst);
    }
  };
  const background = async (): Promise<never> => {
    for (;;) {
      for (let turns = random.below(60); turns > 0; turns--) await turn();
      await engine.compact({ withCheckpoint: random.next() < 0.3 });
      await turn();
    }
  };
  return Promise.race([...documents.map(writer), background()]);
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
