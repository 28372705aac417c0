/**
 * How well this node itself does, from 0 to a maximum (Lifeguard's local health multiplier). Whoever misses answers it
 * should have got is more likely slow itself than surrounded by the dead, and probes more patiently.
 */
export class LocalHealth {
  readonly #max: number;
  #score = 0;

  /** @param max 0 switches it off. */
  constructor(max: number) {
    this.#max = max;
  }

  get score(): number {
    return this.#score;
  }

  /** What probe interval and timeout are multiplied by. */
  get factor(): number {
    return this.#score + 1;
  }

  change(by: number): void {
    this.#score = Math.max(0, Math.min(this.#max, this.#score + by));
  }
}
