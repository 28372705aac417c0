import { ServiceError } from "@tidewire/foundation";
import { LogMigration, type MigrationCount } from "@tidewire/log-engine";
import { CommandFailure } from "../command-failure.ts";
import type { Interruption } from "../interruption.ts";
import type { ConnectedLog } from "../log-connection.ts";
import { mebibytes, seconds } from "../progress.ts";
import type { LogSource } from "./log-source.ts";
import type { Output } from "./output.ts";

export interface MigrationFlags {
  readonly cutOver?: boolean;
  readonly dryRun?: boolean;
}

/** Rounds end when so few documents differed that the rest is quick, or when more rounds do not help. */
const FEW_DOCUMENTS = 50;
const ROUNDS_MAX = 20;
/** A log storage that is started again is back within seconds; after so many tries it is the operator's turn. */
const TRIES_MAX = 20;
const RETRY_MS = 1_000;
const PROGRESS_MS = 1_000;

interface MigrationModules {
  readonly source: LogSource;
  readonly target: ConnectedLog;
  readonly output: Output;
  readonly interruption: Interruption;
}

/** Moves a log: rounds while the source serves, then, if asked for, the change-over. Can be run again at any point. */
export class MigrationRun {
  readonly #source: LogSource;
  readonly #target: ConnectedLog;
  readonly #flags: MigrationFlags;
  readonly #output: Output;
  readonly #interruption: Interruption;
  #saidAt = 0;
  /** Documents that the last round has looked at. */
  #documents: number | undefined;

  constructor({ source, target, output, interruption }: MigrationModules, flags: MigrationFlags) {
    this.#source = source;
    this.#target = target;
    this.#flags = flags;
    this.#output = output;
    this.#interruption = interruption;
  }

  async run(): Promise<void> {
    if (this.#flags.dryRun === true) return this.#survey();
    if (await this.#isVerified()) return this.#open(performance.now());
    await this.#prepareTarget();
    await this.#rounds();
    if (this.#flags.cutOver === true) return this.#cutOver();
    const movesTo = await this.#source.movedTo();
    if (movesTo === undefined) {
      return this.#output.say(
        { event: "copied" },
        "The copy is up to date. Run it again with --cut-over to change over.",
      );
    }
    this.#output.say(
      { event: "copied", movesTo },
      `The copy is up to date, but an earlier change-over to ${movesTo} was broken off: the source takes no writes, and ` +
        "hosts wait. Run it again with --cut-over to finish, or run `tidewire log unseal` on the source to give it up.",
    );
  }

  async #survey(): Promise<void> {
    const { documents, copied } = await this.#retried("survey", (migration) => migration.survey());
    this.#output.say(
      { event: "survey", documents, differing: copied },
      `${documents} documents, of which ${copied} are not in the target as they are in the source. Nothing was changed.`,
    );
  }

  /** An earlier run came as far as letting hosts write to the target; it may not have got around to all of it. */
  async #isVerified(): Promise<boolean> {
    if ((await this.#source.movedTo()) !== this.#target.addresses.join(",")) return false;
    return (await this.#target.describe()).some(({ isSealed }) => !isSealed);
  }

  /** Until the change-over nobody but this command writes to the target: hosts that are pointed there too early wait. */
  async #prepareTarget(): Promise<void> {
    const described = await this.#target.describe();
    if (described.every(({ isSealed }) => isSealed)) return;
    const first = await this.#target.engine.documents({ limit: 1 });
    if (first.length > 0) {
      const [{ document }] = first as [(typeof first)[number]];
      throw new CommandFailure(
        `the target is in use: it holds ${document.space}/${document.key} and takes writes. Start log storages with new folders; ` +
          "or, if a change-over from folders was broken off at its very end, run `tidewire log unseal` on the target",
      );
    }
    await this.#target.seal(true, "");
  }

  async #rounds(): Promise<void> {
    for (let round = 1; round <= ROUNDS_MAX; round++) {
      const count = await this.#retried(`round ${round}`, (migration) => migration.copy());
      this.#say(`round ${round}`, count);
      if (count.copied <= FEW_DOCUMENTS) return;
    }
  }

  async #cutOver(): Promise<void> {
    const startedAt = performance.now();
    const movedTo = this.#target.addresses.join(",");
    await this.#source.seal(true, movedTo);
    this.#output.say({ event: "sealed" }, "The source takes no writes any more; hosts wait.");
    try {
      this.#say("last round", await this.#retried("last round", (migration) => migration.copy()));
      this.#say("verified", await this.#retried("verify", (migration) => migration.verify()));
      this.#interruption.throwIfAsked();
    } catch (error) {
      await this.#undo(error);
      throw error;
    }
    await this.#open(startedAt);
  }

  async #undo(reason: unknown): Promise<void> {
    try {
      await this.#source.seal(false, "");
    } catch (error) {
      throw new CommandFailure(
        `${(reason as Error).message}; and the source could not be told to take writes again (${(error as Error).message}): ` +
          "it may be sealed. When it is back run this again to finish, or `tidewire log unseal --force` on the source",
      );
    }
    this.#output.say({ event: "undone" }, "The source takes writes again: nothing was changed over.");
  }

  async #open(startedAt: number): Promise<void> {
    const movedTo = this.#target.addresses.join(",");
    await this.#target.seal(false, "");
    const pauseMs = Math.round(performance.now() - startedAt);
    this.#output.say(
      { event: "moved", addresses: this.#target.addresses, pauseMs },
      `Moved, in ${pauseMs} ms without writes so far. Now set log.addresses of every document host to\n  ${movedTo}\n` +
        "and restart them one after the other. The source stays sealed: it must not take writes again.",
    );
  }

  async #retried(what: string, run: (migration: LogMigration) => Promise<MigrationCount>): Promise<MigrationCount> {
    for (let attempt = 1; ; attempt++) {
      const logs = { source: this.#source.engine, target: this.#target.engine };
      const startedAt = performance.now();
      const migration = new LogMigration(logs, {}, (count) => this.#progress(what, count, startedAt));
      try {
        this.#interruption.throwIfAsked();
        const count = await run(migration);
        this.#documents = count.documents;
        return count;
      } catch (error) {
        if (!(error instanceof ServiceError) || !error.retryable || attempt === TRIES_MAX) throw error;
        this.#output.say({ event: "waiting", what, error: error.toBody() }, `${what}: ${error.message}; trying again`);
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }

  #progress(what: string, count: MigrationCount, startedAt: number): void {
    this.#interruption.throwIfAsked();
    const now = performance.now();
    if (now - this.#saidAt < PROGRESS_MS) return;
    this.#saidAt = now;
    const { documents, copied, bytes } = count;
    const elapsedMs = Math.round(now - startedAt);
    const documentsPerSecond = Math.round((documents * 1_000) / Math.max(1, elapsedMs));
    if (this.#output.isJson) {
      const facts = { event: "progress", what, documents, copied, bytes, documentsPerSecond, elapsedMs };
      return this.#output.say(facts, "");
    }
    // How many there are is known once a round is done.
    const total = this.#documents;
    const of = total === undefined ? "" : ` of ${total}`;
    const leftMs = total === undefined ? 0 : (Math.max(0, total - documents) * elapsedMs) / documents;
    const left = total === undefined ? "" : `, ${seconds(leftMs)} left`;
    process.stderr.write(
      `${what}: ${documents}${of} documents, ${copied} copied (${mebibytes(bytes)} MiB), ${documentsPerSecond} documents/s${left}\n`,
    );
  }

  #say(what: string, { documents, copied, bytes }: MigrationCount): void {
    this.#output.say(
      { event: "done", what, documents, copied, bytes },
      `${what}: ${documents} documents, ${copied} copied (${mebibytes(bytes)} MiB)`,
    );
  }
}
