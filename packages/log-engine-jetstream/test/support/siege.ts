import { expect } from "@jest/globals";
import { type DocumentName, ServiceError } from "@tidewire/foundation";
import type { LogEngine } from "@tidewire/log-engine";

interface Kept {
  readonly document: DocumentName;
  /** By seq: what was acknowledged. */
  readonly acknowledged: Map<number, string>;
  /** The newest epoch whose opening was answered. */
  epoch: number;
}

/**
 * Writers under attack: each document has an owner that appends without pause and repeats what it got no answer for, and
 * now and then another process takes the document over while the former owner goes on trying.
 */
export class Siege {
  readonly #engines: readonly LogEngine[];
  readonly #documents: readonly Kept[];
  readonly #stale: Promise<void>[] = [];
  #isOver = false;
  #acknowledged = 0;
  #reached = (): void => {};
  fencedStaleWrites = 0;

  constructor(engines: readonly LogEngine[], documents: number) {
    this.#engines = engines;
    this.#documents = Array.from({ length: documents }, (_, index) => ({
      document: { space: "siege", key: `d${index}` },
      acknowledged: new Map<number, string>(),
      epoch: 0,
    }));
  }

  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** Runs until `attack` has ended and a stale writer was fenced, then checks every document with a fresh engine. */
  async run(attack: () => Promise<void>, fresh: () => Promise<LogEngine>): Promise<void> {
    const writers = this.#documents.map((kept, index) => this.#write(kept, index));
    await attack();
    // On a slow machine owners change seldom, and a stale write that meets the attack itself is answered by nobody.
    while (this.fencedStaleWrites === 0) await this.more(20);
    this.#isOver = true;
    await Promise.all([...writers, ...this.#stale]);
    const engine = await fresh();
    for (const kept of this.#documents) await this.#check(engine, kept);
    await engine.close();
  }

  /** Resolves when that many more appends were acknowledged. */
  async more(count: number): Promise<void> {
    const goal = this.#acknowledged + count;
    while (this.#acknowledged < goal) {
      await new Promise<void>((resolve) => {
        this.#reached = resolve;
      });
    }
  }

  async #write(kept: Kept, index: number): Promise<void> {
    for (let turn = index; !this.#isOver; turn++) {
      const engine = this.#engines[turn % this.#engines.length] as LogEngine;
      const owner = `owner-${turn % this.#engines.length}`;
      const opened = await repeated(() => engine.open(kept.document, owner));
      kept.epoch = opened.epoch;
      // Nothing that was acknowledged may be missing, and the head may be ahead only of what got no answer.
      for (const seq of kept.acknowledged.keys()) expect(seq).toBeLessThanOrEqual(opened.seq);
      let seq = opened.seq;
      const length = 20 + ((turn * 7) % 30);
      for (let step = 0; step < length && !this.#isOver; step++) {
        const data = Buffer.from(`${owner} epoch ${opened.epoch} seq ${seq + 1}`);
        const { epoch } = opened;
        await repeated(() => engine.append(kept.document, { epoch, expectedSeq: seq, seq: seq + 1, data }));
        seq++;
        kept.acknowledged.set(seq, data.toString());
        this.#acknowledged++;
        this.#reached();
        if (step === 3)
          await repeated(() => engine.snapshot(kept.document, { epoch, seq, data: Buffer.from(`at ${seq}`) }));
      }
      this.#stale.push(this.#goOn(kept, engine, opened.epoch, seq));
    }
  }

  /** What an owner does that has not heard that its time is over: it must never get in once somebody else has opened. */
  async #goOn(kept: Kept, engine: LogEngine, epoch: number, seq: number): Promise<void> {
    while (kept.epoch === epoch && !this.#isOver) await new Promise((resolve) => setImmediate(resolve));
    if (kept.epoch === epoch) return;
    const data = Buffer.from(`stale epoch ${epoch}`);
    const outcome = await engine.append(kept.document, { epoch, expectedSeq: seq, seq: seq + 1, data }).then(
      () => "committed",
      (error: unknown) => ServiceError.from(error).code,
    );
    expect(["fenced", "unavailable"]).toContain(outcome);
    if (outcome === "fenced") this.fencedStaleWrites++;
  }

  async #check(engine: LogEngine, kept: Kept): Promise<void> {
    const { snapshot, patches } = await engine.open(kept.document, "checker");
    const begin = snapshot?.seq ?? 0;
    expect(patches.map(({ seq }) => seq)).toEqual(patches.map((_, index) => begin + index + 1));
    const stored = new Map(patches.map(({ seq, data }) => [seq, Buffer.from(data).toString()]));
    for (const [seq, text] of kept.acknowledged) {
      if (seq > begin) expect([seq, stored.get(seq)]).toEqual([seq, text]);
    }
    if (snapshot !== undefined) expect(Buffer.from(snapshot.data).toString()).toBe(`at ${snapshot.seq}`);
    expect([...stored.values()].filter((text) => text.startsWith("stale"))).toEqual([]);
  }
}

/** As a host does: the same again until the log says what became of it. */
async function repeated<Result>(work: () => Promise<Result>): Promise<Result> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (ServiceError.from(error).code !== "unavailable") throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
