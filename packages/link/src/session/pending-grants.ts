/** Credit that is not sent yet; an entry of a credit frame as it stands. */
export class PendingGrant {
  readonly stream: number;
  messages: number;
  /** Where the opening of its stream stands in the outbound order. */
  readonly openMark: number;

  constructor(stream: number, messages: number, openMark: number) {
    this.stream = stream;
    this.messages = messages;
    this.openMark = openMark;
  }
}

/** From so many entries on, those of one stream are put together; twice the streams are needed before it is done again. */
const MERGE_MIN = 4096;

/**
 * The grants of one turn, which travel together. A list and not a map by stream: a map that is emptied every turn keeps
 * all its tables alive (see `CallTable`). A stream may be in it more than once, which its peer adds up.
 */
export class PendingGrants {
  #grants: PendingGrant[] = [];
  #mergeAt = MERGE_MIN;

  get isEmpty(): boolean {
    return this.#grants.length === 0;
  }

  add(stream: number, messages: number, openMark = 0): void {
    const last = this.#grants.at(-1);
    if (last?.stream === stream) {
      last.messages += messages;
      return;
    }
    this.#grants.push(new PendingGrant(stream, messages, openMark));
    if (this.#grants.length >= this.#mergeAt) this.#merge();
  }

  takeAll(): readonly PendingGrant[] {
    const taken = this.#grants;
    this.#grants = [];
    this.#mergeAt = MERGE_MIN;
    return taken;
  }

  /** The same with one entry for each stream, for carriers to which every entry is a message. */
  takeMerged(): readonly PendingGrant[] {
    this.#merge();
    return this.takeAll();
  }

  /** Takes those that may be sent now and keeps the others. */
  takeIf(maySend: (grant: PendingGrant) => boolean): readonly PendingGrant[] {
    const all = this.takeAll();
    this.#grants = all.filter((grant) => !maySend(grant));
    return all.filter(maySend);
  }

  clear(): void {
    this.#grants = [];
  }

  #merge(): void {
    const merged = new Map<number, PendingGrant>();
    for (const grant of this.#grants) {
      const known = merged.get(grant.stream);
      if (known === undefined) merged.set(grant.stream, grant);
      else known.messages += grant.messages;
    }
    this.#grants = [...merged.values()];
    this.#mergeAt = Math.max(MERGE_MIN, 2 * this.#grants.length);
  }
}
