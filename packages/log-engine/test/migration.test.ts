import { describe, expect, test } from "@jest/globals";
import { type DocumentName, SeededRandom, ServiceError } from "@tidewire/foundation";
import fc from "fast-check";
import {
  GuardedLogEngine,
  type LogEngine,
  LogMigration,
  MemoryLogEngine,
  MigrationError,
  ShardedLogEngine,
  shardOf,
} from "../src/index.ts";

const SEALED = { isSealed: true, movedTo: "" };
const name = (key: number | string): DocumentName => ({ space: "board-game", key: `g${key}` });

/** A log that hosts write to, of which the test knows what was acknowledged. */
class Source {
  readonly log = new MemoryLogEngine();
  readonly #random: SeededRandom;
  readonly #epochs = new Map<string, number>();

  constructor(seed: number) {
    this.#random = new SeededRandom(seed);
  }

  /** Any of what hosts do, to any document. */
  async step(documents: number): Promise<void> {
    const document = name(Math.floor(this.#random.next() * documents));
    const [head] = await this.log.heads([document]);
    const { seq, isDeleted } = head!;
    const choice = this.#random.next();
    if (choice < 0.2 || !this.#epochs.has(document.key)) {
      const { epoch } = await this.log.open(document, `host-${choice < 0.1 ? "a" : "b"}`);
      this.#epochs.set(document.key, epoch);
      return;
    }
    const epoch = this.#epochs.get(document.key)!;
    if (choice < 0.3 && seq > 0 && !isDeleted) {
      await this.log.snapshot(document, { epoch, seq, data: this.#bytes() });
      return;
    }
    const deletes = choice < 0.36 && seq > 0 && !isDeleted;
    const timer = choice > 0.8 && !deletes ? { wakeAt: Math.floor(this.#random.next() * 1e6) } : {};
    const to = seq + 1 + Math.floor(this.#random.next() * 3);
    await this.log.append(document, { epoch, expectedSeq: seq, seq: to, data: this.#bytes(), deletes, ...timer });
  }

  #bytes(): Uint8Array {
    return Uint8Array.from({ length: Math.floor(this.#random.next() * 20) }, () => this.#random.next() * 256);
  }
}

function shardedTarget(count: number) {
  const stored = Array.from({ length: count }, () => new MemoryLogEngine());
  const guarded = stored.map((engine, index) => new GuardedLogEngine(engine, { index, count }, SEALED));
  return { stored, log: new ShardedLogEngine(guarded), unseal: () => guarded.forEach((each) => each.unseal()) };
}

async function stateOf(log: LogEngine) {
  const documents = await log.documents({ limit: 1_000 });
  const opened = [];
  for (const { document } of documents) opened.push(await log.open(document, "host-z"));
  return { documents, opened, due: await log.due({ before: 1e9, limit: 1_000 }) };
}

describe("a migration", () => {
  test("of a log that goes on, broken off anywhere, ends with the same log in any number of shards", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer(),
        fc.integer({ min: 1, max: 4 }),
        fc.array(fc.record({ steps: fc.nat(60), breaksAfter: fc.option(fc.nat(15)) }), { maxLength: 5 }),
        async (seed, shards, rounds) => {
          const source = new Source(seed);
          const target = shardedTarget(shards);
          const options = { pageSize: 3, concurrency: 2 };
          for (const { steps, breaksAfter } of rounds) {
            for (let step = 0; step < steps; step++) await source.step(9);
            let installs = 0;
            const breaking = new Proxy(target.log, {
              get: (log, property) => {
                const value = Reflect.get(log, property, log) as unknown;
                if (typeof value !== "function") return value;
                return (...args: unknown[]) => {
                  const isOver = property === "install" && breaksAfter !== null && installs++ >= breaksAfter;
                  if (isOver) return Promise.reject(new ServiceError("unavailable", "broken off"));
                  return (value as (...given: unknown[]) => unknown).apply(log, args);
                };
              },
            });
            const copied = new LogMigration({ source: source.log, target: breaking }, options).copy();
            // Hosts write meanwhile.
            for (let step = 0; step < 5; step++) await source.step(9);
            await copied.catch((error: unknown) => expect(error).toMatchObject({ code: "unavailable" }));
          }
          const migration = new LogMigration({ source: source.log, target: target.log }, options);
          await migration.copy();
          const verified = await migration.verify();
          expect(await migration.survey()).toEqual({ ...verified, copied: 0 });
          target.unseal();
          expect(await stateOf(target.log)).toEqual(await stateOf(source.log));
          for (const [index, log] of target.stored.entries()) {
            for (const { document } of await log.documents({ limit: 100 }))
              expect(shardOf(document, shards)).toBe(index);
          }
        },
      ),
      { numRuns: Number(process.env["TIDEWIRE_TEST_RUNS"] ?? 150) },
    );
  });

  test("leaves no way for a writer of the source to commit to the target", async () => {
    const source = new MemoryLogEngine();
    const { epoch: old } = await source.open(name(1), "host-a");
    await source.append(name(1), { epoch: old, expectedSeq: 0, seq: 1, data: new Uint8Array(1) });
    const { epoch } = await source.open(name(1), "host-b");
    const target = shardedTarget(2);
    await new LogMigration({ source, target: target.log }).copy();
    target.unseal();
    const append = { expectedSeq: 1, seq: 2, data: new Uint8Array(1) };
    await expect(target.log.append(name(1), { ...append, epoch: old })).rejects.toMatchObject({ code: "fenced" });
    expect((await target.log.open(name(1), "host-c")).epoch).toBe(epoch + 1);
    await expect(target.log.append(name(1), { ...append, epoch })).rejects.toMatchObject({ code: "fenced" });
  });

  test("says what is in the way: documents of others, and writes by others", async () => {
    const source = new MemoryLogEngine();
    await source.open(name(5), "host-a");
    const foreign = new MemoryLogEngine();
    await foreign.open(name(7), "host-a");
    const intoForeign = new LogMigration({ source, target: foreign });
    await expect(intoForeign.copy()).rejects.toThrow(/holds board-game\/g7, which the source does not know/);
    const newer = new MemoryLogEngine();
    for (let epoch = 1; epoch <= 3; epoch++) await newer.open(name(5), "host-a");
    const intoNewer = new LogMigration({ source, target: newer });
    await expect(intoNewer.copy()).rejects.toThrow(MigrationError);
    await expect(intoNewer.copy()).rejects.toThrow(/something newer of board-game\/g5/);
  });

  test("finds a record that is not the same, and puts it right or says so", async () => {
    const source = new MemoryLogEngine();
    const { epoch } = await source.open(name(1), "host-a");
    await source.append(name(1), { epoch, expectedSeq: 0, seq: 1, data: Uint8Array.of(1, 2, 3) });
    const target = new MemoryLogEngine();
    const wrong = [{ seq: 1, data: Uint8Array.of(1, 2, 4) }];
    await target.install(name(1), { epoch, afterSeq: 0, replaces: true, patches: wrong, isDeleted: false });
    const migration = new LogMigration({ source, target });
    expect((await migration.copy()).copied).toBe(0);
    await migration.verify();
    expect((await target.read(name(1), { afterSeq: 0, limit: 1 })).patches[0]?.data).toEqual(Uint8Array.of(1, 2, 3));
    await source.open(name(2), "host-a");
    await expect(migration.verify()).rejects.toThrow(/board-game\/g2 is not the same in both logs/);
  });
});
