import { type Random, type RandomState, SeededRandom } from "@tidewire/foundation";

/** Numbers whose state is a part of the document: stored with it, rolled back with it. */
export class DocumentRandom implements Random {
  readonly #source = new SeededRandom(0);
  #draws = 0;
  #saved: RandomState = this.#source.state;
  #isSaved = true;

  /** Grows with every number drawn. */
  get draws(): number {
    return this.#draws;
  }

  get state(): RandomState {
    return this.#source.state;
  }

  set state(state: RandomState) {
    this.#source.state = state;
    this.#isSaved = false;
  }

  /** Remembers the state, for `restore`. Free as long as nothing is drawn: every transaction calls it. */
  save(): void {
    if (this.#isSaved) return;
    this.#saved = this.#source.state;
    this.#isSaved = true;
  }

  restore(): void {
    if (this.#isSaved) return;
    this.#source.state = this.#saved;
    this.#isSaved = true;
  }

  bits(): number {
    this.#drawing();
    return this.#source.bits();
  }

  next(): number {
    this.#drawing();
    return this.#source.next();
  }

  below(bound: number): number {
    this.#drawing();
    return this.#source.below(bound);
  }

  #drawing(): void {
    this.#draws++;
    this.#isSaved = false;
  }
}
