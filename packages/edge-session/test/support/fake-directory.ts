import type { DocumentName } from "@tidewire/foundation";
import type { DocumentDirectory, HostPlace } from "../../src/routing/document-directory.ts";

/** A routing table of one row that the test writes. */
export class FakeDirectory implements DocumentDirectory {
  version = 0;
  readonly #listeners = new Set<() => void>();
  readonly #standing = new Map<string, "present" | "draining">();
  #owner: HostPlace | undefined;

  ownerOf(_name: DocumentName): HostPlace | undefined {
    return this.#owner;
  }

  standingOf(host: HostPlace): "present" | "draining" | "gone" {
    return this.#standing.get(host.id) ?? "gone";
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  get listenerCount(): number {
    return this.#listeners.size;
  }

  /** The next table: who owns everything, and who else is in it. */
  set(
    owner: { readonly id: string; readonly address: string } | undefined,
    others: Record<string, "present" | "draining"> = {},
  ): void {
    this.version++;
    this.#owner = owner === undefined ? undefined : { id: owner.id, address: owner.address, boot: 1 };
    this.#standing.clear();
    if (owner !== undefined) this.#standing.set(owner.id, "present");
    for (const [id, standing] of Object.entries(others)) this.#standing.set(id, standing);
    for (const listener of this.#listeners) listener();
  }
}
