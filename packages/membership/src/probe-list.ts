import type { Random } from "@tidewire/foundation";

/**
 * The order in which members are probed: a shuffled round, so that everyone is probed once per n intervals and a dead
 * member is met by somebody after e/(e-1) = 1.58 intervals on average (SWIM, section 4.3).
 */
export class ProbeList {
  readonly #random: Random;
  #ids: string[] = [];
  readonly #known = new Set<string>();
  #next = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /** A newcomer gets a random place, so that no two nodes probe it at the same time. */
  add(id: string): void {
    if (this.#known.has(id)) return;
    this.#known.add(id);
    const at = this.#random.below(this.#ids.length + 1);
    this.#ids.push(id);
    const last = this.#ids.length - 1;
    [this.#ids[at], this.#ids[last]] = [this.#ids[last]!, this.#ids[at]!];
    // The one that lived there moved to the end; if it had its turn already it is due a second time, which is harmless.
  }

  /** The next member for which `isTarget` holds. Those for which it does not are forgotten. */
  next(isTarget: (id: string) => boolean): string | undefined {
    for (let passes = 0; passes < 2; passes++) {
      while (this.#next < this.#ids.length) {
        const id = this.#ids[this.#next]!;
        if (isTarget(id)) {
          this.#next++;
          return id;
        }
        this.#known.delete(id);
        this.#ids[this.#next] = this.#ids[this.#ids.length - 1]!;
        this.#ids.pop();
      }
      this.#shuffle();
      this.#next = 0;
    }
    return undefined;
  }

  #shuffle(): void {
    const ids = this.#ids;
    for (let index = ids.length - 1; index > 0; index--) {
      const other = this.#random.below(index + 1);
      [ids[index], ids[other]] = [ids[other]!, ids[index]!];
    }
  }
}
