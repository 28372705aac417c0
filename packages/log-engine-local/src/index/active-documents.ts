import type { DocumentName } from "@tidewire/foundation";
import type { DocumentEntry } from "./document-entry.ts";

/** How many entries are looked at for one that goes: those with writes under way, or just used, get another turn. */
const LOOKS_MAX = 8;

/**
 * Documents at work, as entries that can be changed fast. At most about `max`: when one more comes, one that was not used
 * for a while goes to rest. One with writes under way never does, so whoever holds it may go on until they are durable;
 * across anything else that is waited for, it has to be looked up again.
 */
export class ActiveDocuments {
  max: number;
  readonly #rest: (entry: DocumentEntry) => void;
  /** In the order in which they came or were last spared. */
  readonly #byId = new Map<number, DocumentEntry>();
  readonly #spaces = new Map<string, Map<string, DocumentEntry>>();

  /** @param rest takes over what the entry says; the entry is of no use from then on */
  constructor(max: number, rest: (entry: DocumentEntry) => void) {
    this.max = max;
    this.#rest = rest;
  }

  get count(): number {
    return this.#byId.size;
  }

  find(name: DocumentName): DocumentEntry | undefined {
    const entry = this.#spaces.get(name.space)?.get(name.key);
    if (entry !== undefined) entry.isRecent = true;
    return entry;
  }

  byId(id: number): DocumentEntry | undefined {
    return this.#byId.get(id);
  }

  add(entry: DocumentEntry): DocumentEntry {
    this.makeRoom(this.max - 1);
    this.#byId.set(entry.id, entry);
    const { space, key } = entry.name;
    const keys = this.#spaces.get(space) ?? new Map<string, DocumentEntry>();
    this.#spaces.set(space, keys.set(key, entry));
    return entry;
  }

  /** Sends entries to rest until there are no more than this many, as far as that is quickly done. */
  makeRoom(most: number): void {
    for (let looks = 0; this.#byId.size > most && looks < LOOKS_MAX; looks++) {
      const oldest = this.#byId.values().next().value as DocumentEntry;
      this.#byId.delete(oldest.id);
      if (oldest.pending !== undefined || oldest.isRecent) {
        oldest.isRecent = false;
        this.#byId.set(oldest.id, oldest);
        continue;
      }
      looks = 0;
      const keys = this.#spaces.get(oldest.name.space)!;
      keys.delete(oldest.name.key);
      if (keys.size === 0) this.#spaces.delete(oldest.name.space);
      this.#rest(oldest);
    }
  }
}
