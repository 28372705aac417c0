import type { DocumentName } from "@tidewire/foundation";
import { OwnerLookup, type RoutingSource } from "@tidewire/routing";
import type { DocumentDirectory, HostPlace } from "./document-directory.ts";

/** Answers from the newest routing table that was pushed here; the last one is kept while the routing tier is away. */
export class TableDirectory implements DocumentDirectory {
  readonly #source: RoutingSource;
  readonly #owners = new OwnerLookup();

  constructor(source: RoutingSource) {
    this.#source = source;
  }

  get version(): number {
    return this.#source.table?.version ?? 0;
  }

  ownerOf(name: DocumentName): HostPlace | undefined {
    const table = this.#source.table;
    return table === undefined ? undefined : this.#owners.ownerOf(table, name);
  }

  standingOf(host: HostPlace): "present" | "draining" | "gone" {
    const entry = this.#source.table?.hosts.find((candidate) => candidate.id === host.id);
    if (entry === undefined || entry.boot !== host.boot) return "gone";
    return entry.state === "draining" ? "draining" : "present";
  }

  onChange(listener: () => void): () => void {
    return this.#source.onTable(() => listener());
  }
}
