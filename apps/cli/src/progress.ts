const EVERY_MS = 1_000;

/** How far a long command has come: a line on standard error at most once a second, with rate and time left. */
export class Progress {
  readonly #what: string;
  readonly #startedAt = performance.now();
  #saidAt = this.#startedAt;

  constructor(what: string) {
    this.#what = what;
  }

  report(doneBytes: number, totalBytes: number): void {
    const now = performance.now();
    if (now - this.#saidAt < EVERY_MS) return;
    this.#saidAt = now;
    const bytesPerMs = doneBytes / (now - this.#startedAt);
    const left = bytesPerMs === 0 ? "" : `, ${seconds(Math.max(0, totalBytes - doneBytes) / bytesPerMs)} left`;
    process.stderr.write(
      `${this.#what}: ${mebibytes(doneBytes)} of ${mebibytes(totalBytes)} MiB, ${mebibytes(bytesPerMs * 1_000)} MiB/s${left}\n`,
    );
  }

  /** Since it began. */
  get elapsedMs(): number {
    return Math.round(performance.now() - this.#startedAt);
  }
}

export function mebibytes(bytes: number): string {
  return (bytes / 1024 / 1024).toFixed(1);
}

export function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
