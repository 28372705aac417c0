import type { Random } from "@tidewire/foundation";

export type RandomState = readonly [number, number, number, number];

/** sfc32 (Doty-Humphrey, PractRand) whose state is a part of the document: stored with it, rolled back with it. */
export class DocumentRandom implements Random {
  #a = 0;
  #b = 0;
  #c = 0;
  #counter = 1;
  #draws = 0;
  #savedA = 0;
  #savedB = 0;
  #savedC = 0;
  #savedCounter = 0;

  /** Grows with every number drawn. */
  get draws(): number {
    return this.#draws;
  }

  get state(): RandomState {
    return [this.#a, this.#b, this.#c, this.#counter];
  }

  set state([a, b, c, counter]: RandomState) {
    this.#a = a | 0;
    this.#b = b | 0;
    this.#c = c | 0;
    this.#counter = counter | 0;
  }

  /** Remembers the state, for `restore`. */
  save(): void {
    this.#savedA = this.#a;
    this.#savedB = this.#b;
    this.#savedC = this.#c;
    this.#savedCounter = this.#counter;
  }

  restore(): void {
    this.state = [this.#savedA, this.#savedB, this.#savedC, this.#savedCounter];
  }

  bits(): number {
    this.#draws++;
    const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  next(): number {
    // 53 bits, like Math.random.
    return (this.bits() * 2 ** 21 + (this.bits() >>> 11)) / 2 ** 53;
  }

  below(bound: number): number {
    return Math.floor(this.next() * bound);
  }
}
