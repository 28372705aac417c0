import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { type CrashScenarioOptions, crashScenario } from "./support/crash-scenario.ts";

const TIMEOUT_MS = 600_000;
const options: CrashScenarioOptions = { rounds: 6, documents: 4 };
const runs = Number(process.env["TIDEWIRE_TEST_RUNS"] ?? 60);

/** Scenarios until one fails; how many it took. */
async function scenariosUntilCaught(mutant: Partial<CrashScenarioOptions>, most: number): Promise<number> {
  for (let seed = 1; seed <= most; seed++) {
    const isCaught = await crashScenario(seed, { ...options, ...mutant }).then(
      () => false,
      () => true,
    );
    if (isCaught) return seed;
  }
  return Number.POSITIVE_INFINITY;
}

describe("when the power goes at any moment", () => {
  test(
    "everything acknowledged is there, and nothing else is there in part",
    async () => {
      const total = { cuts: 0, cutsAtStart: 0, acknowledged: 0, recycled: 0 };
      await fc.assert(
        fc.asyncProperty(fc.integer({ min: 0, max: 2 ** 31 }), async (seed) => {
          const report = await crashScenario(seed, options);
          total.cuts += report.cuts;
          total.cutsAtStart += report.cutsAtStart;
          total.acknowledged += report.acknowledged;
          total.recycled += report.recycled;
        }),
        { numRuns: runs, endOnFailure: true },
      );
      // A scenario in which nothing happens would prove nothing.
      expect(total.cuts).toBe(runs * options.rounds);
      expect(total.cutsAtStart).toBeGreaterThan(0);
      expect(total.acknowledged).toBeGreaterThan(runs * 20);
      expect(total.recycled).toBeGreaterThan(runs);
    },
    TIMEOUT_MS,
  );
});

describe("when the disk also fails now and then", () => {
  test.each([
    // A refused reference that the next start found, to a snapshot that had gone.
    11,
    // Two snapshots of one seq: the log named the second, the index kept the first, and the second went.
    206027115,
  ])("nothing acknowledged is lost under seed %i, which has found something before", async (seed) => {
    await crashScenario(seed, { ...options, hasFaults: true });
  });

  test(
    "nothing acknowledged is lost, and writing goes on",
    async () => {
      let faults = 0;
      await fc.assert(
        fc.asyncProperty(fc.integer({ min: 0, max: 2 ** 31 }), async (seed) => {
          faults += (await crashScenario(seed, { ...options, hasFaults: true })).faults;
        }),
        { numRuns: runs, endOnFailure: true },
      );
      expect(faults).toBeGreaterThan(runs);
    },
    TIMEOUT_MS,
  );
});

describe("when the disk is full now and then", () => {
  test(
    "nothing acknowledged is lost, and writing goes on",
    async () => {
      const total = { roomless: 0, acknowledged: 0 };
      await fc.assert(
        fc.asyncProperty(fc.integer({ min: 0, max: 2 ** 31 }), async (seed) => {
          const report = await crashScenario(seed, { ...options, hasLittleRoom: true });
          total.roomless += report.roomless;
          total.acknowledged += report.acknowledged;
        }),
        { numRuns: runs, endOnFailure: true },
      );
      expect(total.roomless).toBeGreaterThan(runs);
      expect(total.acknowledged).toBeGreaterThan(runs * 20);
    },
    TIMEOUT_MS,
  );
});

describe("when documents come from another log beside compaction", () => {
  test.each([
    // An entry that had gone to rest while the install waited took its effects, and the document did not.
    259655667,
  ])("what every start finds is right under seed %i, which has found something before", async (seed) => {
    await crashScenario(seed, { ...options, hasInstalls: true });
  });

  test(
    "what every start finds is what was installed, and no record that was moved meanwhile",
    async () => {
      let acknowledged = 0;
      await fc.assert(
        fc.asyncProperty(fc.integer({ min: 0, max: 2 ** 31 }), fc.boolean(), async (seed, hasFaults) => {
          const report = await crashScenario(seed, { ...options, hasFaults, hasInstalls: true });
          acknowledged += report.acknowledged;
        }),
        { numRuns: runs, endOnFailure: true },
      );
      expect(acknowledged).toBeGreaterThan(runs * 20);
    },
    TIMEOUT_MS,
  );
});

describe("the scenario notices when a safety net is missing", () => {
  const mutants: [string, Partial<CrashScenarioOptions>][] = [
    ["acknowledging before the log is synced", { lies: { sync: /\.wal$/ } }],
    ["not checking the payload", { checks: { ignoresPayloadChecksum: true } }],
    ["counting what a recycled segment held before", { checks: { ignoresSalt: true } }],
    ["dropping patches before the snapshot is synced", { lies: { sync: /\.snapshots$/ } }],
    [
      "dropping segments before the checkpoint is synced",
      { lies: { sync: /\.checkpoint/, syncDirectory: /checkpoints$/ } },
    ],
    ["not syncing the directory of a new segment", { lies: { syncDirectory: /\/log$/ } }],
  ];
  test.each(mutants)(
    "%s",
    async (_, mutant) => {
      expect(await scenariosUntilCaught(mutant, 400)).toBeLessThan(Number.POSITIVE_INFINITY);
    },
    TIMEOUT_MS,
  );
});
