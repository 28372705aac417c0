import { Backoff, type DocumentName } from "@tidewire/foundation";
import type { OpenedLog } from "@tidewire/log-engine";
import type { LogModules } from "./log-append.ts";
import { LogOpening } from "./log-opening.ts";
import type { DocumentHostOptions } from "./options.ts";

/** Takeovers further apart than this are no duel. */
const PEACE_MS = 30_000;

export interface CopyOpeningModules extends LogModules {
  readonly nodeId: string;
}

/** How a document comes by its next epoch, and how it behaves when another host wants it, too. */
export class CopyOpening {
  readonly #modules: CopyOpeningModules;
  readonly #document: DocumentName;
  readonly #options: DocumentHostOptions;
  readonly #mayCreate: () => boolean;
  readonly #onOpened: () => void;
  readonly #duel: Backoff;
  #opening: LogOpening | undefined;
  #opened: OpenedLog | undefined;
  #since = 0;
  #fencedAt = Number.NEGATIVE_INFINITY;
  /** The newest epoch of another owner that was heard of. */
  #foreignEpoch = 0;

  /** @param mayCreate whether somebody waits who may bring the document into being */
  constructor(
    modules: CopyOpeningModules,
    document: DocumentName,
    options: DocumentHostOptions,
    mayCreate: () => boolean,
    onOpened: () => void,
  ) {
    this.#modules = modules;
    this.#document = document;
    this.#options = options;
    this.#mayCreate = mayCreate;
    this.#onOpened = onOpened;
    this.#duel = new Backoff(modules.random, options.reopen);
  }

  start(): void {
    this.#start(0, this.#mayCreate);
  }

  /** After a fence: the first takeover is immediate, every further one within the peace waits longer. */
  startAgain(): void {
    const now = this.#modules.clock.monotonicMs();
    const isFirst = now - this.#fencedAt > PEACE_MS;
    this.#fencedAt = now;
    if (isFirst) this.#duel.reset();
    // Who was fenced wanted to write.
    this.#start(isFirst ? 0 : this.#duel.nextDelayMs(), () => true);
  }

  /** The log as it was opened, to be turned into a copy. */
  get opened(): OpenedLog | undefined {
    return this.#opened;
  }

  taken(): void {
    this.#opened = undefined;
  }

  /** Waiting for longer than anybody should be kept waiting. */
  isLate(now: number): boolean {
    return this.#opening !== undefined && now - this.#since >= this.#options.openPatienceMs;
  }

  /** Another owner opened the document. The news may overtake the answer to our own opening. */
  heardOf(foreignEpoch: number): void {
    this.#foreignEpoch = Math.max(this.#foreignEpoch, foreignEpoch);
  }

  isPast(epoch: number): boolean {
    return epoch < this.#foreignEpoch;
  }

  /** Gives up; an epoch that was, or still will be, taken is given back. */
  cancel(): void {
    this.#opening?.cancel();
    this.#opening = undefined;
    if (this.#opened !== undefined && this.#opened.epoch > 0) {
      this.#modules.log.release(this.#document, this.#opened.epoch).catch(() => {});
    }
    this.#opened = undefined;
  }

  #start(delayMs: number, mayCreate: () => boolean): void {
    const { nodeId, clock } = this.#modules;
    this.#since = clock.monotonicMs();
    const opening = new LogOpening(
      this.#modules,
      this.#document,
      nodeId,
      this.#options.logRetry,
      mayCreate,
      (opened) => {
        this.#opening = undefined;
        this.#opened = opened;
        this.#onOpened();
      },
    );
    this.#opening = opening;
    opening.start(delayMs);
  }
}
