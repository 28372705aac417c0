import { type DocumentName, documentPath } from "@tidewire/foundation";
import type { HostEntry, RoutingTable } from "@tidewire/protocol-routing";
import { documentHash, Rendezvous } from "./rendezvous.ts";
import { xxh64 } from "./xxh64.ts";

/**
 * The host that should own a document, `undefined` while no host is active. Prepares the whole table for one question:
 * for tools and tests; processes that ask often keep an `OwnerLookup`.
 */
export function ownerOf(table: RoutingTable, name: DocumentName): HostEntry | undefined {
  return Rendezvous.of(table).owner(documentHash(name));
}

/** The hosts that would own a document one after the other, the owner first. */
export function ownersOf(table: RoutingTable, name: DocumentName, count: number): HostEntry[] {
  return Rendezvous.of(table).ranking(documentHash(name), count);
}

/**
 * `ownerOf` with a memory: the table is prepared once, and owners found under it are kept, the least recently asked
 * dropped first. Another digest starts over.
 */
export class OwnerLookup {
  readonly #capacity: number;
  #digest: string | undefined;
  #rendezvous = new Rendezvous([]);
  readonly #owners = new Map<string, HostEntry | undefined>();

  /** @param options.capacity documents remembered, 100,000 by default. */
  constructor(options: { readonly capacity?: number } = {}) {
    this.#capacity = options.capacity ?? 100_000;
  }

  /** Documents remembered now. */
  get size(): number {
    return this.#owners.size;
  }

  ownerOf(table: RoutingTable, name: DocumentName): HostEntry | undefined {
    if (table.digest !== this.#digest) {
      this.#digest = table.digest;
      this.#rendezvous = Rendezvous.of(table);
      this.#owners.clear();
    }
    const path = documentPath(name);
    let owner = this.#owners.get(path);
    if (owner === undefined) owner = this.#rendezvous.owner(xxh64(path));
    else this.#owners.delete(path);
    this.#owners.set(path, owner);
    if (this.#owners.size > this.#capacity) {
      const [oldest] = this.#owners.keys();
      this.#owners.delete(oldest!);
    }
    return owner;
  }
}
