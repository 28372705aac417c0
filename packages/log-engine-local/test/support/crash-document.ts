import type { DocumentName, Random } from "@tidewire/foundation";
import type { LogEngine, OpenedLog } from "@tidewire/log-engine";

/** What a document is, as far as its log can tell: everything that must survive. */
interface DocumentState {
  readonly epoch: number;
  readonly seq: number;
  readonly isDeleted: boolean;
  readonly wakeAt: number | undefined;
  /** `seq:data` of every record since the document was last created, or of its deletion. */
  readonly contents: readonly string[];
}

interface Step {
  readonly after: DocumentState;
  isAcknowledged: boolean;
}

const nothingYet: DocumentState = { epoch: 0, seq: 0, isDeleted: false, wakeAt: undefined, contents: [] };

/**
 * One document and its only writer. Writes are sent without waiting for the ones before; each is a step from one state
 * to the next. After a crash the document must be in the state after one of the steps that were sent, and not before the
 * last one that was acknowledged.
 */
export class CrashDocument {
  readonly name: DocumentName;
  readonly #random: Random;
  readonly #hasInstalls: boolean;
  /** Nothing else is sent while it is under way: a part of another log comes when nobody writes. */
  #installing: Promise<void> | undefined;
  /** Where it may be without any of the steps: one state, or several after crashes in a row. */
  #bases: DocumentState[] = [nothingYet];
  #steps: Step[] = [];
  #snapshotSeq = 0;
  acknowledged = 0;

  /** @param hasInstalls now and then another log takes its place */
  constructor(name: DocumentName, random: Random, hasInstalls = false) {
    this.name = name;
    this.#random = random;
    this.#hasInstalls = hasInstalls;
  }

  /** The state if everything sent so far happens. */
  get #head(): DocumentState {
    return this.#steps.at(-1)?.after ?? this.#bases[0]!;
  }

  /** Where it may be now. */
  get #possible(): DocumentState[] {
    const acknowledged = this.#steps.findLastIndex((step) => step.isAcknowledged);
    const after = this.#steps.slice(Math.max(0, acknowledged)).map((step) => step.after);
    return acknowledged < 0 ? [...this.#bases, ...after] : after;
  }

  /** Sends one write of a random kind. Resolves when it is answered; rejects if it is refused. */
  async write(engine: LogEngine): Promise<void> {
    // If it fails, what would have come behind it fails with it.
    while (this.#installing !== undefined) await this.#installing;
    const dice = this.#random.below(100);
    if (this.#hasInstalls && dice >= 70 && dice < 78) {
      this.#installing = this.#install(engine).finally(() => {
        this.#installing = undefined;
      });
      return this.#installing;
    }
    if (this.#head.epoch === 0 || dice < 5) await this.#open(engine);
    else if (dice < 80) await this.#append(engine);
    else if (dice < 92) await this.#snapshot(engine);
    else if (dice < 94) await this.#append(engine, true);
    else await this.#readBack(engine);
  }

  /** Takes the document, compares it with what may be, and goes on from there. */
  async check(engine: LogEngine): Promise<void> {
    const possible = this.#possible;
    // The epoch may be taken without an answer, if the power goes again.
    this.#bases = distinct([...possible, ...possible.map(withNextEpoch)]);
    this.#steps = [];
    // One that the power has cut off is never answered.
    this.#installing = undefined;
    const opened = await engine.open(this.name, "host-a");
    const due = await engine.due({ before: Number.MAX_SAFE_INTEGER, limit: 1_000 });
    const wakeAt = due.find(({ document }) => document.key === this.name.key)?.wakeAt;
    const found: DocumentState = {
      epoch: opened.epoch,
      seq: opened.seq,
      isDeleted: opened.isDeleted,
      wakeAt,
      contents: contentsOf(opened),
    };
    const isPossible = possible.some((state) => sameState(withNextEpoch(state), found));
    if (!isPossible) {
      throw new Error(
        `${this.name.key} is ${brief(found)} and should be one of ${possible.map((state) => brief(state)).join("; ")}`,
      );
    }
    if (
      !found.isDeleted &&
      this.#snapshotSeq > this.#deletedSeq(found) &&
      (opened.snapshot?.seq ?? 0) < this.#snapshotSeq
    ) {
      throw new Error(`${this.name.key} has lost its snapshot of seq ${this.#snapshotSeq}`);
    }
    const listed = (await engine.list(this.name.space, { limit: 1_000 })).find(({ key }) => key === this.name.key);
    if ((listed?.seq ?? 0) !== (found.isDeleted ? 0 : found.seq)) throw new Error(`${this.name.key} is listed wrongly`);
    this.#bases = [found];
  }

  #deletedSeq(state: DocumentState): number {
    return Number(state.contents[0]?.split(":")[0] ?? state.seq + 1) - 1;
  }

  async #open(engine: LogEngine): Promise<void> {
    const { after, step } = this.#begin({ ...this.#head, epoch: this.#head.epoch + 1 });
    const opened = await engine.open(this.name, "host-a");
    this.#acknowledge(step);
    if (opened.epoch !== after.epoch || opened.seq !== after.seq) {
      throw new Error(`${this.name.key} was opened as ${opened.epoch}/${opened.seq}, not ${brief(after)}`);
    }
    if (opened.patches.length > 0 && opened.patches.at(-1)!.seq !== opened.seq) throw new Error("the tail is cut");
  }

  async #append(engine: LogEngine, deletes = false): Promise<void> {
    const head = this.#head;
    const seq = head.seq + 1 + this.#random.below(2);
    const data = randomText(this.#random, this.#random.next() < 0.2 ? 3_000 : 300);
    const wakeAt = !deletes && this.#random.next() < 0.3 ? this.#random.below(1_000) : undefined;
    const created = head.isDeleted ? [] : head.contents;
    const contents = [...(deletes ? [] : created), `${seq}:${data}`];
    const { step } = this.#begin({ epoch: head.epoch, seq, isDeleted: deletes, wakeAt, contents });
    const append = {
      epoch: head.epoch,
      expectedSeq: head.seq,
      seq,
      data: Buffer.from(data),
      deletes,
      ...(wakeAt === undefined ? {} : { wakeAt }),
    };
    const isRepeated = this.#random.next() < 0.1;
    await Promise.all([engine.append(this.name, append), ...(isRepeated ? [engine.append(this.name, append)] : [])]);
    this.#acknowledge(step);
  }

  /** Of the newest acknowledged state: an owner never stores what is not durable. */
  async #snapshot(engine: LogEngine): Promise<void> {
    const state = this.#steps.findLast((step) => step.isAcknowledged)?.after ?? this.#bases[0]!;
    if (state.isDeleted || state.seq === 0 || state.epoch !== this.#head.epoch || this.#head.isDeleted) return;
    const data = Buffer.from(JSON.stringify(state.contents));
    if (data.length > 30_000) return;
    try {
      await engine.snapshot(this.name, { epoch: state.epoch, seq: state.seq, data });
    } catch (error) {
      // Taken again by this writer itself while the snapshot was on its way.
      if (errorCode(error) === "fenced" && this.#head.epoch > state.epoch) return;
      throw error;
    }
    if (state.epoch === this.#head.epoch) this.#snapshotSeq = Math.max(this.#snapshotSeq, state.seq);
  }

  async #readBack(engine: LogEngine): Promise<void> {
    const durable = this.#steps.findLast((step) => step.isAcknowledged)?.after ?? this.#bases[0]!;
    const { snapshot, patches } = await engine.read(this.name, { afterSeq: 0, limit: 1_000 });
    const reached = patches.at(-1)?.seq ?? snapshot?.seq ?? 0;
    if (!durable.isDeleted && !this.#head.isDeleted && reached < durable.seq) {
      throw new Error(`${this.name.key} reads to ${reached}, but ${durable.seq} was acknowledged`);
    }
  }

  /** Records of the same seqs as those that are stored, so that an old one in their place would be noticed. */
  async #install(engine: LogEngine): Promise<void> {
    const { epoch, seq: head } = this.#head;
    const begin = (seq: number, contents: readonly string[]): Step =>
      this.#begin({ epoch: epoch + 1, seq, isDeleted: false, wakeAt: undefined, contents }).step;
    const afterSeq = Math.max(0, head - this.#random.below(4));
    this.#snapshotSeq = 0;
    if (head > 1 && this.#random.next() < 0.2) return this.#installDeletion(engine);
    const contents = [`${afterSeq}:${randomText(this.#random, 300)}`];
    const last = head + this.#random.below(2);
    const hasSnapshot = afterSeq > 0 && (afterSeq === last || this.#random.next() < 0.7);
    const steps = [begin(afterSeq, hasSnapshot ? contents : [])];
    const patches = [];
    for (let seq = afterSeq + 1; seq <= last; seq++) {
      const data = randomText(this.#random, 300);
      patches.push({ seq, data: Buffer.from(data) });
      steps.push(begin(seq, [...this.#head.contents, `${seq}:${data}`]));
    }
    const snapshot = { seq: afterSeq, data: Buffer.from(JSON.stringify(contents)) };
    const part = { epoch: epoch + 1, afterSeq, replaces: true, isDeleted: false, patches };
    await engine.install(this.name, { ...part, ...(hasSnapshot ? { snapshot } : {}) });
    for (const step of steps) this.#acknowledge(step);
  }

  async #installDeletion(engine: LogEngine): Promise<void> {
    const { epoch: former, seq } = this.#head;
    const data = randomText(this.#random, 300);
    const epoch = former + 1;
    const begin = (at: number, contents: readonly string[]): Step =>
      this.#begin({ epoch, seq: at, isDeleted: true, wakeAt: undefined, contents }).step;
    const steps = [begin(seq - 1, []), begin(seq, [`${seq}:${data}`])];
    const part = { epoch, afterSeq: seq, replaces: true, isDeleted: true, patches: [] };
    await engine.install(this.name, { ...part, deletion: { seq, data: Buffer.from(data) } });
    for (const step of steps) this.#acknowledge(step);
  }

  #begin(after: DocumentState): { after: DocumentState; step: Step } {
    const step = { after, isAcknowledged: false };
    this.#steps.push(step);
    return { after, step };
  }

  /** Earlier steps are durable with it, even if their answers (an `open` that still reads) come later. */
  #acknowledge(step: Step): void {
    step.isAcknowledged = true;
    this.acknowledged++;
  }
}

function contentsOf(opened: OpenedLog): string[] {
  const stored = opened.snapshot === undefined ? [] : (JSON.parse(textOf(opened.snapshot.data)) as string[]);
  const records = opened.deletion === undefined ? opened.patches : [opened.deletion];
  return [...stored, ...records.map((record) => `${record.seq}:${textOf(record.data)}`)];
}

function errorCode(error: unknown): unknown {
  return (error as { readonly code?: unknown }).code;
}

function textOf(data: Uint8Array): string {
  return Buffer.from(data).toString("latin1");
}

function randomText(random: Random, max: number): string {
  const letter = String.fromCharCode(97 + random.below(26));
  return `${random.bits()}${letter.repeat(random.below(max))}`;
}

function withNextEpoch(state: DocumentState): DocumentState {
  return { ...state, epoch: state.epoch + 1 };
}

function distinct(states: readonly DocumentState[]): DocumentState[] {
  return [...new Map(states.map((state) => [JSON.stringify(state), state])).values()];
}

function sameState(a: DocumentState, b: DocumentState): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function brief(state: DocumentState): string {
  const { epoch, seq, isDeleted, wakeAt, contents } = state;
  const records = contents.map((record) => record.slice(0, 14)).join(",");
  return `{epoch ${epoch} seq ${seq}${isDeleted ? " deleted" : ""} wakeAt ${wakeAt} [${records}]}`;
}
