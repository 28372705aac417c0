const SIZE = 64;

/** Remembers which of the last 64 counters were seen; anything older counts as seen. */
export class ReplayWindow {
  #highest = -1;
  /** Bit n of the pair stands for `highest - n`. */
  #low = 0;
  #high = 0;

  /** True the first time; call it only with counters that were authenticated. */
  accept(counter: number): boolean {
    if (counter > this.#highest) {
      this.#shift(counter - this.#highest);
      this.#highest = counter;
      this.#low |= 1;
      return true;
    }
    const age = this.#highest - counter;
    if (age >= SIZE) return false;
    const bit = 1 << (age & 31);
    if (age < 32) {
      if ((this.#low & bit) !== 0) return false;
      this.#low |= bit;
    } else {
      if ((this.#high & bit) !== 0) return false;
      this.#high |= bit;
    }
    return true;
  }

  #shift(by: number): void {
    if (by >= SIZE) {
      this.#low = 0;
      this.#high = 0;
    } else if (by >= 32) {
      this.#high = by === 32 ? this.#low : this.#low << (by - 32);
      this.#low = 0;
    } else {
      this.#high = (this.#high << by) | (this.#low >>> (32 - by));
      this.#low <<= by;
    }
  }
}
