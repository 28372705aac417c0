import { describe, expect, test } from "@jest/globals";
import { ManualClock, SeededRandom } from "@tidewire/foundation";
import type { LocalLogEngine } from "../src/index.ts";
import { game, grow, other, step } from "./support/append-steps.ts";
import { SimulatedDisk } from "./support/simulated-disk.ts";
import { openSmall } from "./support/small-engine.ts";

const LIMIT_MS = 60_000;
const NOW = 1_700_000_000_000;
const YEAR_MS = 365 * 86_400_000;
const settings = { deletionMs: LIMIT_MS, historyMs: LIMIT_MS, historyMaxBytes: 10_000_000 };

/** A clock of a process that starts at this time of the wall. */
function clockAt(wallMs: number): ManualClock {
  return new ManualClock({ wallMs });
}

async function restarted(disk: SimulatedDisk, engine: LocalLogEngine, clock: ManualClock): Promise<LocalLogEngine> {
  await engine.close();
  disk.restart("process");
  return openSmall(disk, { clock, settings });
}

async function hasDeletion(engine: LocalLogEngine): Promise<boolean> {
  await engine.compact();
  return (await engine.read(game, { afterSeq: 0, limit: 1 })).deletion !== undefined;
}

async function hasHistory(engine: LocalLogEngine): Promise<boolean> {
  await engine.compact();
  return engine.readAt(other, { seq: 1 }).then(
    () => true,
    () => false,
  );
}

/** A document deleted (whose record is history later, when it is let go of), and one whose first records only history needs, in segments of their own. */
async function written(disk: SimulatedDisk, clock: ManualClock, deletes = true): Promise<LocalLogEngine> {
  const engine = await openSmall(disk, { clock, settings });
  if (deletes) {
    const gone = await grow(engine, game, 1);
    await engine.append(game, step(gone.epoch, 1, { deletes }));
  }
  const { epoch, seq } = await grow(engine, other, 3);
  await engine.snapshot(other, { epoch, seq, data: Buffer.from("state") });
  const busy = { ...other, key: "busy" };
  const grown = await grow(engine, busy, 300);
  await engine.snapshot(busy, { ...grown, data: Buffer.from("busy state") });
  return engine;
}

describe.each([
  ["a checkpoint", true],
  ["the log alone", false],
])("how old what is kept is, by %s", (_, withCheckpoint) => {
  test.each([
    ["the record of a deletion", hasDeletion],
    ["history", hasHistory],
  ])("counts on over starts: %s", async (_what, isThere) => {
    const disk = new SimulatedDisk(new SeededRandom(1));
    let engine = await written(disk, clockAt(NOW), isThere === hasDeletion);
    for (let times = 0; withCheckpoint && times < 2; times++) await engine.compact({ withCheckpoint: true });
    for (const at of [20_000, 40_000, LIMIT_MS - 1_500]) {
      engine = await restarted(disk, engine, clockAt(NOW + at));
      // What a start may need is history anyway: only with two newer checkpoints age decides.
      for (let times = 0; times < 2; times++) await engine.compact({ withCheckpoint });
      expect(await isThere(engine)).toBe(true);
    }
    engine = await restarted(disk, engine, clockAt(NOW + LIMIT_MS + 1));
    for (let times = 0; times < 2; times++) await engine.compact({ withCheckpoint: true });
    expect(await isThere(engine)).toBe(false);
    await engine.close();
  });

  test("does not grow by a clock that was behind for a while, and grows by use when it was ahead", async () => {
    for (const offset of [-YEAR_MS, YEAR_MS]) {
      const disk = new SimulatedDisk(new SeededRandom(2));
      let engine = await written(disk, clockAt(NOW));
      // This process has the wrong clock, whatever it writes.
      engine = await restarted(disk, engine, clockAt(NOW + offset));
      await grow(engine, { ...other, key: "wrong" }, 1);
      const late = await engine.open(game, "host-b");
      await engine.append(game, step(late.epoch, late.seq));
      await engine.append(game, step(late.epoch, late.seq + 1, { deletes: true }));
      if (withCheckpoint) await engine.compact({ withCheckpoint: true });
      const clock = clockAt(NOW + 1_000);
      engine = await restarted(disk, engine, clock);
      expect(await hasDeletion(engine)).toBe(true);
      clock.advance(LIMIT_MS / 2);
      await engine.compact({ withCheckpoint: true });
      const next = clockAt(NOW + 2_000);
      engine = await restarted(disk, engine, next);
      expect(await hasDeletion(engine)).toBe(true);
      next.advance(LIMIT_MS / 2);
      expect(await hasDeletion(engine)).toBe(false);
      await engine.close();
    }
  });
});
