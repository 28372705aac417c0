/** Names that many documents share, each kept once while anybody uses it, by number. 0 is no name. */
export class NameTable {
  readonly #names: (string | undefined)[] = [undefined];
  readonly #uses: number[] = [0];
  readonly #numbers = new Map<string, number>();
  readonly #free: number[] = [];

  /** One more use of the name. */
  acquire(name: string | undefined): number {
    if (name === undefined) return 0;
    const known = this.#numbers.get(name);
    if (known !== undefined) {
      this.#uses[known]!++;
      return known;
    }
    const number = this.#free.pop() ?? this.#names.length;
    this.#names[number] = name;
    this.#uses[number] = 1;
    this.#numbers.set(name, number);
    return number;
  }

  /** One more use of a name that is in use. */
  use(number: number): void {
    this.#uses[number]!++;
  }

  release(number: number): void {
    if (number === 0 || --this.#uses[number]! > 0) return;
    this.#numbers.delete(this.#names[number]!);
    this.#names[number] = undefined;
    this.#free.push(number);
  }

  find(name: string): number | undefined {
    return this.#numbers.get(name);
  }

  name(number: number): string | undefined {
    return this.#names[number];
  }
}
