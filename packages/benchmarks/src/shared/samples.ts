/** Every value of a window, kept exactly; sorted once, when asked. */
export class Samples {
  #values = new Float64Array(4096);
  #count = 0;
  #isSorted = true;

  get count(): number {
    return this.#count;
  }

  add(value: number): void {
    if (this.#count === this.#values.length) {
      const larger = new Float64Array(this.#count * 2);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.#count++] = value;
    this.#isSorted = false;
  }

  /** The smallest value that `share` of all are not above; 0 without any. */
  percentile(share: number): number {
    if (this.#count === 0) return 0;
    if (!this.#isSorted) this.#values.subarray(0, this.#count).sort();
    this.#isSorted = true;
    return this.#values[Math.max(0, Math.ceil(share * this.#count) - 1)]!;
  }
}
