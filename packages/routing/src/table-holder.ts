import type { Logger } from "@tidewire/foundation";
import type { RoutingTable } from "@tidewire/protocol-routing";
import type { TableMetrics } from "./metrics.ts";
import type { RoutingSource } from "./routing-source.ts";

/** The table in force and those who want to hear of the next one. */
export class TableHolder implements RoutingSource {
  readonly #metrics: TableMetrics;
  readonly #logger: Logger;
  readonly #listeners = new Set<(table: RoutingTable) => void>();
  #table: RoutingTable | undefined;

  constructor(metrics: TableMetrics, logger: Logger) {
    this.#metrics = metrics;
    this.#logger = logger;
  }

  get table(): RoutingTable | undefined {
    return this.#table;
  }

  onTable(listener: (table: RoutingTable) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  set(table: RoutingTable): void {
    const isOther = table.digest !== this.#table?.digest || table.isFrozen !== this.#table.isFrozen;
    this.#table = table;
    const { epoch, version, digest, isFrozen, hosts } = table;
    this.#metrics.version.set(version);
    this.#metrics.frozen.set(isFrozen ? 1 : 0);
    for (const state of ["joining", "active", "draining"] as const) {
      this.#metrics.hosts.set(hosts.filter((host) => host.state === state).length, { state });
    }
    if (isOther) this.#logger.info({ epoch, version, digest, isFrozen, hosts: hosts.length }, "routing table changed");
    for (const listener of this.#listeners) listener(table);
  }
}
