import type { Clock, DocumentName, Random, Timer } from "@tidewire/foundation";
import type { DueDocument, LogEngine } from "@tidewire/log-engine";

export interface DueScanModules {
  readonly log: LogEngine;
  readonly clock: Clock;
  readonly random: Random;
}

export interface DueScanOptions {
  readonly dueScanMs: number;
  readonly dueScanLimit: number;
}

export interface DueScanListener {
  /** An unloaded document may have a timer that is due. */
  due(document: DocumentName): void;
  /** The log answers again after it did not: warnings may have been lost meanwhile. */
  logIsBack(): void;
}

/** How far a full page is widened, when the documents on it are somebody else's. The engines' own limit. */
const PAGE_MAX = 10_000;

/** Looks in the log for documents with a due timer, since an unloaded document cannot wake itself. */
export class DueScan {
  readonly #modules: DueScanModules;
  readonly #options: DueScanOptions;
  readonly #listener: DueScanListener;
  #timer: Timer | undefined;
  #isStopped = true;
  #wasAway = false;

  constructor(modules: DueScanModules, options: DueScanOptions, listener: DueScanListener) {
    this.#modules = modules;
    this.#options = options;
    this.#listener = listener;
  }

  start(): void {
    this.#isStopped = false;
    this.#schedule();
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  #schedule(): void {
    if (this.#isStopped) return;
    // Spread, so that the hosts of a fleet do not ask in step.
    const delayMs = this.#options.dueScanMs * (0.5 + this.#modules.random.next());
    this.#timer = this.#modules.clock.after(delayMs, () => void this.#scan(this.#options.dueScanLimit));
  }

  async #scan(limit: number): Promise<void> {
    let page: DueDocument[];
    try {
      const before = Math.ceil(this.#modules.clock.wallMs() + this.#options.dueScanMs);
      page = await this.#modules.log.due({ before, limit });
    } catch {
      this.#wasAway = true;
      this.#schedule();
      return;
    }
    if (this.#isStopped) return;
    if (this.#wasAway) this.#listener.logIsBack();
    this.#wasAway = false;
    for (const { document } of page) this.#listener.due(document);
    if (page.length < limit || limit >= PAGE_MAX) this.#schedule();
    else await this.#scan(Math.min(limit * 4, PAGE_MAX));
  }
}
