import { ServiceError } from "@tidewire/foundation";
import { LogMigration, type MigrationCount } from "@tidewire/log-engine";
import { CommandFailure } from "../command-failure.ts";
import type { ConnectedLog } from "../log-connection.ts";
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

/** Moves a log: rounds while the source serves, then, if asked for, the change-over. Can be run again at any point. */
export class MigrationRun {
  readonly #source: LogSource;
  readonly #target: ConnectedLog;
  readonly #flags: MigrationFlags;
  readonly #output: Output;
  #saidAt = 0;

  constructor(source: LogSource, target: ConnectedLog, flags: MigrationFlags, output: Output) {
    this.#source = source;
    this.#target = target;
    this.#flags = flags;
    this.#output = output;
  }

  async run(): Promise<void> {
    if (this.#flags.dryRun === true) return this.#survey();
    if (await this.#isVerified()) return this.#open(performance.now());
    await this.#prepareTarget();
    await this.#rounds();
    if (this.#flags.cutOver === true) await this.#cutOver();
    else this.#output.say({ event: "copied" }, "The copy is up to date. Run it again with --cut-over to change over.");
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
    } catch (error) {
      await this.#source.seal(false, "");
      this.#output.say({ event: "undone" }, "The source takes writes again: nothing was changed over.");
      throw error;
    }
    await this.#open(startedAt);
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
      const migration = new LogMigration(logs, {}, (count) => this.#progress(what, count));
      try {
        return await run(migration);
      } catch (error) {
        if (!(error instanceof ServiceError) || !error.retryable || attempt === TRIES_MAX) throw error;
        this.#output.say({ event: "waiting", what, error: error.toBody() }, `${what}: ${error.message}; trying again`);
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }

  #progress(what: string, count: MigrationCount): void {
    const now = performance.now();
    if (now - this.#saidAt < PROGRESS_MS) return;
    this.#saidAt = now;
    this.#say(what, count, "progress");
  }

  #say(what: string, count: MigrationCount, event = "done"): void {
    const { documents, copied, bytes } = count;
    this.#output.say(
      { event, what, documents, copied, bytes },
      `${what}: ${documents} documents, ${copied} copied (${(bytes / 1024 / 1024).toFixed(1)} MiB)${event === "progress" ? " …" : ""}`,
    );
  }
}
