import { describe, expect, test } from "@jest/globals";
import { type DocumentName, type Random, SeededRandom, ServiceError } from "@tidewire/foundation";
import { type LogAppend, type LogEngine, MemoryLogEngine } from "@tidewire/log-engine";
import fc from "fast-check";
import type { LocalLogEngine, LocalLogSettings } from "../src/index.ts";
import { SimulatedDisk } from "./support/simulated-disk.ts";
import { openSmall, smallSettings } from "./support/small-engine.ts";

/** What one operation did, in a form in which two engines can be compared. */
async function outcomeOf(operation: Promise<unknown>): Promise<unknown> {
  try {
    return plain(await operation);
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    return { code: error.code, details: error.details };
  }
}

/** Bytes as hex, everything else as it is. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value ?? null;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, plain(part)]));
}

interface PlainState {
  readonly seq: number;
  readonly isDeleted: boolean;
  readonly patches: readonly unknown[];
}

/** The same place, reached by the same last patches, however far back they begin. */
function expectSameEnd(actual: PlainState, expected: PlainState): void {
  const last = actual.patches.slice(actual.patches.length - expected.patches.length);
  expect({ ...expected, snapshot: undefined }).toEqual({
    seq: actual.seq,
    isDeleted: actual.isDeleted,
    snapshot: undefined,
    patches: last,
  });
}

class Differential {
  readonly #random: Random;
  readonly #disk: SimulatedDisk;
  readonly #model: LogEngine;
  #engine: LocalLogEngine;
  readonly #documents: DocumentName[];
  readonly #settings: Partial<LocalLogSettings> & { readonly historyMs: number };
  /** Answers about the past that were compared. */
  pastStates = 0;
  /** Epochs and heads that were true at some time: sources of good and of stale writes. */
  readonly #known = new Map<string, { epoch: number; seq: number; last: LogAppend | undefined }>();

  constructor(
    random: Random,
    disk: SimulatedDisk,
    engine: LocalLogEngine,
    settings: Partial<LocalLogSettings> & { readonly historyMs: number },
  ) {
    this.#settings = settings;
    this.#random = random;
    this.#disk = disk;
    this.#engine = engine;
    this.#model = new MemoryLogEngine({}, smallSettings.limits);
    this.#documents = Array.from({ length: 5 }, (_, index) => ({ space: "board-game", key: `g${index}` }));
  }

  async run(steps: number): Promise<void> {
    for (let step = 0; step < steps; step++) await this.#step();
    for (const document of this.#documents) await this.#both((engine) => engine.open(document, "host-z"));
    await this.#engine.close();
  }

  async #step(): Promise<void> {
    const document = this.#documents[this.#random.below(this.#documents.length)]!;
    const known = this.#known.get(document.key) ?? { epoch: 0, seq: 0, last: undefined };
    const dice = this.#random.below(100);
    if (dice < 8) {
      const opened = await this.#both((engine) => engine.open(document, `host-${this.#random.below(3)}`));
      const { epoch, seq } = opened as { epoch: number; seq: number };
      this.#known.set(document.key, { ...known, epoch, seq });
    } else if (dice < 60) {
      await this.#append(document, known);
    } else if (dice < 66 && known.last !== undefined) {
      const { last } = known;
      await this.#both((engine) => engine.append(document, last));
    } else if (dice < 74) {
      const seq = Math.max(0, known.seq - this.#random.below(4));
      const data = this.#bytes(2_000);
      await this.#both((engine) => engine.snapshot(document, { epoch: known.epoch, seq, data }));
    } else if (dice < 84) {
      const range = { afterSeq: Math.max(0, known.seq - this.#random.below(12)), limit: 1 + this.#random.below(10) };
      await this.#both((engine) => engine.read(document, range));
    } else if (dice < 86) {
      await this.#readAt(document, known.seq);
    } else if (dice < 88) {
      await this.#both((engine) => engine.list("board-game", { afterKey: "g1", limit: 3 }));
      await this.#both((engine) => engine.due({ before: 500, limit: 10 }));
    } else if (dice < 90) {
      await this.#both((engine) => engine.release(document, known.epoch));
    } else if (dice < 96) {
      await this.#engine.compact({ withCheckpoint: this.#random.next() < 0.5 });
    } else {
      await this.#engine.close();
      this.#engine = await openSmall(this.#disk, { settings: this.#settings });
      expect(this.#engine.problems).toEqual([]);
    }
  }

  async #append(
    document: DocumentName,
    known: { epoch: number; seq: number; last: LogAppend | undefined },
  ): Promise<void> {
    const isStale = this.#random.next() < 0.1;
    const expectedSeq = Math.max(0, known.seq - (isStale ? 1 : 0));
    const append: LogAppend = {
      epoch: known.epoch + (this.#random.next() < 0.03 ? 1 : 0),
      expectedSeq,
      seq: expectedSeq + 1 + this.#random.below(3),
      data: this.#bytes(700),
      ...(this.#random.next() < 0.3 ? { wakeAt: this.#random.below(1_000) } : {}),
      ...(this.#random.next() < 0.04 ? { deletes: true } : {}),
    };
    const outcome = await this.#both((engine) => engine.append(document, append));
    if (outcome === null) this.#known.set(document.key, { ...known, seq: append.seq, last: append });
  }

  /** With everything kept, whatever the model still knows of the past must be known here, too. */
  async #readAt(document: DocumentName, head: number): Promise<void> {
    const moment = { seq: this.#random.below(head + 3) };
    const expected = await outcomeOf(this.#model.readAt(document, moment));
    const actual = await outcomeOf(this.#engine.readAt(document, moment));
    const isForgotten = (outcome: unknown): boolean => (outcome as { code?: unknown } | null)?.code === "not_found";
    if (isForgotten(actual) && this.#settings.historyMs === 0) return;
    if (isForgotten(expected)) return;
    // Without history a snapshot may be gone while the patches it stands for are not: another way to the same state.
    if (this.#settings.historyMs === 0) expectSameEnd(actual as PlainState, expected as PlainState);
    else expect(actual).toEqual(expected);
    this.pastStates++;
  }

  /** The same question to both; the answers must be the same. */
  async #both(operation: (engine: LogEngine) => Promise<unknown>): Promise<unknown> {
    const expected = await outcomeOf(operation(this.#model));
    const actual = await outcomeOf(operation(this.#engine));
    expect(actual).toEqual(expected);
    return actual;
  }

  #bytes(max: number): Uint8Array {
    const length = this.#random.below(max);
    const seed = this.#random.bits();
    return Uint8Array.from({ length }, (_, index) => (seed + index * 7) & 0xff);
  }
}

describe("compared with the memory engine", () => {
  test("every operation answers the same, across restarts, checkpoints and compaction", async () => {
    let pastStates = 0;
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 2 ** 31 }), async (seed) => {
        const random = new SeededRandom(seed);
        const disk = new SimulatedDisk(random);
        disk.hasShortWrites = true;
        const settings = { historyMs: random.next() < 0.5 ? 0 : 1_000_000 };
        const differential = new Differential(random, disk, await openSmall(disk, { settings }), settings);
        await differential.run(150);
        pastStates += differential.pastStates;
      }),
      { numRuns: Number(process.env["TIDEWIRE_TEST_RUNS"] ?? 40), endOnFailure: true },
    );
    expect(pastStates).toBeGreaterThan(40);
  }, 600_000);
});
