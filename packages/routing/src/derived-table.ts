import type { Clock, Logger, MetricsSink, Timer } from "@tidewire/foundation";
import type { MembershipView } from "@tidewire/membership";
import type { RoutingTable } from "@tidewire/protocol-routing";
import { defaultFreeze, type FreezeOptions, MassLossFreeze } from "./mass-loss-freeze.ts";
import { tableMetrics } from "./metrics.ts";
import type { RoutingSource } from "./routing-source.ts";
import { deriveTable, isSameTable } from "./routing-table.ts";
import { TableHolder } from "./table-holder.ts";

export interface DerivedTableModules {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: MetricsSink;
}

export interface DerivedTableOptions {
  /** Raised by configuration only: whoever holds a table of a higher epoch forgets those of lower ones. */
  readonly epoch: number;
  readonly freeze?: FreezeOptions;
  /** After one table the next follows no sooner; changes in between are merged. */
  readonly coalesceMs?: number;
}

/**
 * The table of a member of the gossip group: derived anew from each view. Routing-table nodes serve it, hosts decide by
 * it what is theirs.
 */
export class DerivedTable implements RoutingSource {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #epoch: number;
  readonly #coalesceMs: number;
  readonly #freeze: MassLossFreeze;
  readonly #holder: TableHolder;
  #view: MembershipView | undefined;
  #shownAt = Number.NEGATIVE_INFINITY;
  #timer: Timer | undefined;
  #isStopped = false;

  constructor(modules: DerivedTableModules, options: DerivedTableOptions) {
    this.#clock = modules.clock;
    this.#logger = modules.logger;
    this.#epoch = options.epoch;
    this.#coalesceMs = options.coalesceMs ?? 100;
    this.#freeze = new MassLossFreeze(options.freeze ?? defaultFreeze);
    this.#holder = new TableHolder(tableMetrics(modules.metrics), modules.logger);
  }

  get table(): RoutingTable | undefined {
    return this.#holder.table;
  }

  onTable(listener: (table: RoutingTable) => void): () => void {
    return this.#holder.onTable(listener);
  }

  /** Hands in the newest view; only those of a node that has joined. */
  update(view: MembershipView): void {
    if (this.#isStopped) return;
    this.#view = view;
    const waitMs = this.#shownAt + this.#coalesceMs - this.#clock.monotonicMs();
    if (waitMs <= 0) this.#show();
    else this.#arm(waitMs);
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  #show(): void {
    this.#timer?.cancel();
    if (this.#view === undefined) return;
    const now = this.#clock.monotonicMs();
    this.#shownAt = now;
    const isFrozen = this.#freeze.observe(this.#view, now);
    const derived = deriveTable(this.#view, this.#epoch);
    const table = isFrozen && this.table !== undefined ? { ...this.table, isFrozen } : derived;
    if (isFrozen && this.table?.isFrozen !== true) {
      this.#logger.error(
        { hosts: derived.hosts.length },
        "many hosts vanished at once: keeping the last routing table",
      );
    }
    if (this.#freeze.frozenUntil !== undefined) this.#arm(this.#freeze.frozenUntil - now);
    if (!isSameTable(table, this.table)) this.#holder.set(table);
  }

  #arm(delayMs: number): void {
    this.#timer?.cancel();
    this.#timer = this.#clock.after(Math.max(0, delayMs), () => this.#show());
  }
}
