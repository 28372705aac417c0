/** Randomness as a collaborator, so that a seed repeats a run. Not for keys or tokens: those use the platform's crypto. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** Uniform integer in [0, bound). */
  below(bound: number): number;
  /** 32 uniform bits. */
  bits(): number;
}

export class SystemRandom implements Random {
  next(): number {
    return Math.random();
  }

  below(bound: number): number {
    return Math.floor(Math.random() * bound);
  }

  bits(): number {
    return Math.floor(Math.random() * 2 ** 32);
  }
}

/** Four 32-bit integers, from which a `SeededRandom` goes on. */
export type RandomState = readonly [number, number, number, number];

/** sfc32 (Doty-Humphrey, PractRand): 128 bits of state, passes PractRand, four 32-bit adds a number. */
export class SeededRandom implements Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: number) {
    this.#a = 0x9e3779b9;
    this.#b = seed | 0;
    this.#c = Math.floor(seed / 2 ** 32) | 0;
    for (let round = 0; round < 15; round++) this.bits();
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

  bits(): number {
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
