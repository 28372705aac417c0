import {
  type Clock,
  type Gauge,
  type Logger,
  type MetricsSink,
  type Random,
  ServiceError,
  type Timer,
} from "@tidewire/foundation";
import type { ManagedLink } from "@tidewire/link";
import { LogService } from "@tidewire/protocol-log";
import type { LogEngine } from "./log-engine.ts";
import { checkShard } from "./log-shard.ts";
import { RemoteLogEngine } from "./remote-log-engine.ts";
import { ShardedLogEngine } from "./sharded-log-engine.ts";

export interface LogShardLinksModules {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: MetricsSink;
}

/** How long shards that are away may keep a host from taking documents of those that are there. */
const PATIENCE_MS = 5_000;

/** The way to a log that is divided over one or more log storages, in the order of their shards. */
export class LogShardLinks {
  readonly engine: LogEngine;
  readonly #links: readonly ManagedLink[];
  readonly #modules: LogShardLinksModules;
  readonly #reachable: Gauge;
  /** By shard: that another log storage than the right one answers there. */
  readonly #misplaced = new Map<number, string>();

  /** @param links to the log storages by shard; closed by `close`. */
  constructor(links: readonly ManagedLink[], modules: LogShardLinksModules) {
    const count = links.length;
    checkShard({ index: 0, count });
    const { clock, random } = modules;
    const engines = links.map((link) => new RemoteLogEngine({ link, clock, random }, {}, count));
    this.engine = count === 1 ? engines[0]! : new ShardedLogEngine(engines);
    this.#links = links;
    this.#modules = modules;
    this.#reachable = modules.metrics.gauge(
      "tidewire_log_engine_shard_reachable",
      "Whether the log storage of this shard is connected and is the right one",
      ["shard"],
    );
    for (const [index, link] of links.entries()) {
      this.#reachable.set(0, { shard: String(index) });
      link.onState((state) => {
        this.#misplaced.delete(index);
        this.#reachable.set(state === "open" ? 1 : 0, { shard: String(index) });
        if (state === "open") void this.#check(index);
      });
    }
  }

  /** Connects now, and stays connected. */
  connect(): void {
    for (const link of this.#links) link.connect();
  }

  /** Which shards cannot be used, for people; `undefined` if there are none. */
  get problem(): string | undefined {
    const problems: string[] = [];
    for (const [index, link] of this.#links.entries()) {
      const misplaced = this.#misplaced.get(index);
      if (misplaced !== undefined) problems.push(misplaced);
      else if (link.state !== "open") problems.push(`${this.#nameOf(index)} cannot be reached`);
    }
    return problems.length === 0 ? undefined : problems.join("; ");
  }

  /**
   * Calls back once: when every shard is connected, or, so that one shard takes only its own documents away, when some
   * are and the others have had their time. Returns a function that stops waiting.
   */
  onUsable(listener: () => void): () => void {
    let isDone = false;
    let patience: Timer | undefined;
    const stops: (() => void)[] = [];
    const stop = (): void => {
      isDone = true;
      patience?.cancel();
      for (const each of stops) each();
    };
    const look = (isPatient: boolean): void => {
      const open = this.#links.filter((link) => link.state === "open").length;
      if (isDone || open === 0) return;
      if (open < this.#links.length && isPatient) {
        patience ??= this.#modules.clock.after(PATIENCE_MS, () => {
          patience = undefined;
          look(false);
        });
        return;
      }
      stop();
      listener();
    };
    for (const link of this.#links) stops.push(link.onState(() => look(true)));
    look(true);
    return stop;
  }

  async close(): Promise<void> {
    await this.engine.close();
    await Promise.all(this.#links.map((link) => link.close()));
  }

  /** Compares who answers with who should. What matters is refused over there in any case: see `open`. */
  async #check(index: number): Promise<void> {
    const link = this.#links[index]!;
    const count = this.#links.length;
    const shard = await link.call(LogService.methods.describe, {}).then(
      (described) => described.shard,
      // An older log storage, from before there were shards.
      (error: unknown) => (ServiceError.from(error).code === "unsupported" ? { index: 0, count: 1 } : undefined),
    );
    if (shard === undefined || link.state !== "open") return;
    if (shard.index === index && shard.count === count) return;
    const text = `${this.#nameOf(index)} is shard ${shard.index} of ${shard.count}: log.addresses must name every shard of the log, in order`;
    this.#misplaced.set(index, text);
    this.#reachable.set(0, { shard: String(index) });
    this.#modules.logger.error({ address: link.address, shard, expected: { index, count } }, text);
  }

  #nameOf(index: number): string {
    const count = this.#links.length;
    return count === 1 ? "log storage" : `log storage of shard ${index} (${this.#links[index]!.address})`;
  }
}
