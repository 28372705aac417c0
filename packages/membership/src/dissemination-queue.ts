/** One statement on its way through the group. */
interface Rumour {
  readonly subject: string;
  readonly part: Uint8Array;
  sends: number;
  isReplaced: boolean;
}

/**
 * Statements that travel on every packet with room left. One per member: a newer one replaces the older. The least sent
 * goes first, among those the latest to get there; after enough sends a statement is forgotten, because by then all but a
 * vanishing share of the group has it (SWIM: n^-(2*lambda-2)).
 */
export class DisseminationQueue {
  readonly #rumours = new Map<string, Rumour>();
  /** By number of sends so far; within one, the latest to get there last. Replaced entries are dropped when met. */
  #tiers: Rumour[][] = [];
  #replaced = 0;
  readonly #min: number;

  /** @param minCapacity statements held at least, however small the group. */
  constructor(minCapacity = 4_096) {
    this.#min = minCapacity;
  }

  get size(): number {
    return this.#rumours.size;
  }

  clear(): void {
    this.#rumours.clear();
    this.#tiers = [];
    this.#replaced = 0;
  }

  /** How often the statement about the subject was sent; `undefined` if none waits. */
  sendsOf(subject: string): number | undefined {
    return this.#rumours.get(subject)?.sends;
  }

  /** @param members of the group; the queue holds twice as many, at least the minimum. */
  put(subject: string, part: Uint8Array, members: number): void {
    this.drop(subject);
    const rumour: Rumour = { subject, part, sends: 0, isReplaced: false };
    this.#rumours.set(subject, rumour);
    this.#tier(0).push(rumour);
    while (this.#rumours.size > Math.max(this.#min, 2 * members)) this.#dropMostSent();
  }

  drop(subject: string): void {
    const rumour = this.#rumours.get(subject);
    if (rumour === undefined) return;
    rumour.isReplaced = true;
    this.#rumours.delete(subject);
    this.#replaced++;
    if (this.#replaced > this.#rumours.size + 64) this.#compact();
  }

  /**
   * Takes statements for one packet and counts them as sent.
   * @param roomBytes for the parts and what each costs in addition, `partOverheadBytes`.
   * @param sendsMax after so many sends a statement is done.
   */
  take(roomBytes: number, partOverheadBytes: number, partsMax: number, sendsMax: number): Uint8Array[] {
    const parts: Uint8Array[] = [];
    if (this.#rumours.size === 0) return parts;
    const sent: Rumour[] = [];
    let room = roomBytes;
    let misses = 0;
    for (let sends = 0; sends < this.#tiers.length; sends++) {
      const tier = this.#tiers[sends]!;
      const kept: Rumour[] = [];
      while (tier.length > 0 && parts.length < partsMax && misses < 3) {
        const rumour = tier.pop()!;
        if (rumour.isReplaced) {
          this.#replaced--;
          continue;
        }
        const cost = rumour.part.length + partOverheadBytes;
        if (cost > room) {
          // A smaller one may still fit.
          misses++;
          kept.push(rumour);
          continue;
        }
        room -= cost;
        parts.push(rumour.part);
        sent.push(rumour);
      }
      for (const rumour of kept.reverse()) tier.push(rumour);
      if (parts.length >= partsMax || misses >= 3) break;
    }
    // Only now, so that one packet never carries the same statement twice. Oldest first: the newest stays on top.
    for (const rumour of sent.reverse()) this.#countSend(rumour, sendsMax);
    this.#trimTiers();
    return parts;
  }

  #countSend(rumour: Rumour, sendsMax: number): void {
    rumour.sends++;
    if (rumour.sends < sendsMax) this.#tier(rumour.sends).push(rumour);
    else this.#rumours.delete(rumour.subject);
  }

  #tier(sends: number): Rumour[] {
    while (this.#tiers.length <= sends) this.#tiers.push([]);
    return this.#tiers[sends]!;
  }

  #trimTiers(): void {
    while (this.#tiers.length > 0 && this.#tiers.at(-1)!.length === 0) this.#tiers.pop();
  }

  #dropMostSent(): void {
    for (let sends = this.#tiers.length - 1; sends >= 0; sends--) {
      const tier = this.#tiers[sends]!;
      while (tier.length > 0) {
        const rumour = tier.shift()!;
        if (rumour.isReplaced) {
          this.#replaced--;
          continue;
        }
        this.#rumours.delete(rumour.subject);
        return;
      }
    }
  }

  #compact(): void {
    this.#tiers = this.#tiers.map((tier) => tier.filter((rumour) => !rumour.isReplaced));
    this.#replaced = 0;
  }
}
