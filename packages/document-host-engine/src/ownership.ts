import { type Clock, type DocumentName, ServiceError, type Timer } from "@tidewire/foundation";
import type { RoutingSource } from "@tidewire/routing";

type RoutingTable = NonNullable<RoutingSource["table"]>;

/** Finds the owner of a document in a table; `OwnerLookup` of `@tidewire/routing`. */
export interface OwnerFinder {
  ownerOf(table: RoutingTable, document: DocumentName): { readonly id: string } | undefined;
}

export interface OwnershipModules {
  readonly routing: RoutingSource;
  readonly owners: OwnerFinder;
  readonly clock: Clock;
}

export interface OwnershipOptions {
  readonly tableWaitMs: number;
  readonly tableWaitersMax: number;
}

interface Waiter {
  readonly version: number;
  readonly resolve: () => void;
  readonly timer: Timer;
}

/** What the routing table says about this host's documents. */
export class Ownership {
  readonly #modules: OwnershipModules;
  readonly #nodeId: string;
  readonly #options: OwnershipOptions;
  readonly #waiters = new Set<Waiter>();
  readonly #stopListening: () => void;

  constructor(nodeId: string, modules: OwnershipModules, options: OwnershipOptions, onChange: () => void) {
    this.#nodeId = nodeId;
    this.#modules = modules;
    this.#options = options;
    this.#stopListening = modules.routing.onTable(() => {
      this.#wakeWaiters();
      onChange();
    });
  }

  get tableVersion(): number {
    return this.#modules.routing.table?.version ?? 0;
  }

  owns(document: DocumentName): boolean {
    const { table } = this.#modules.routing;
    return table !== undefined && this.#modules.owners.ownerOf(table, document)?.id === this.#nodeId;
  }

  /** Throws `not_owner`, with the version of the table that says so. */
  require(document: DocumentName): void {
    if (this.owns(document)) return;
    throw new ServiceError("not_owner", "another host owns the document", {
      details: { tableVersion: this.tableVersion },
    });
  }

  /** Resolves when a table of this version is here, or has not come in time. */
  waitFor(version: number): Promise<void> {
    if (version <= this.tableVersion || this.#waiters.size >= this.#options.tableWaitersMax) return Promise.resolve();
    return new Promise((resolve) => {
      const waiter: Waiter = {
        version,
        resolve,
        timer: this.#modules.clock.after(this.#options.tableWaitMs, () => {
          this.#waiters.delete(waiter);
          resolve();
        }),
      };
      this.#waiters.add(waiter);
    });
  }

  close(): void {
    this.#stopListening();
    for (const waiter of this.#waiters) this.#wake(waiter);
  }

  #wakeWaiters(): void {
    for (const waiter of this.#waiters) if (waiter.version <= this.tableVersion) this.#wake(waiter);
  }

  #wake(waiter: Waiter): void {
    this.#waiters.delete(waiter);
    waiter.timer.cancel();
    waiter.resolve();
  }
}
