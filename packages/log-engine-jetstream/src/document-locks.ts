/** One write of a document at a time, in the order of asking. */
export class DocumentLocks {
  readonly #last = new Map<string, Promise<unknown>>();

  async run<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
    const before = this.#last.get(path);
    const running = before === undefined ? work() : before.then(work, work);
    this.#last.set(path, running);
    try {
      return await running;
    } finally {
      if (this.#last.get(path) === running) this.#last.delete(path);
    }
  }

  /** Resolves when nothing is under way any more. */
  async idle(): Promise<void> {
    while (this.#last.size > 0) await Promise.allSettled([...this.#last.values()]);
  }
}
