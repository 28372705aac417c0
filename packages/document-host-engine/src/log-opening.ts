import { Backoff, type BackoffOptions, type DocumentName, type Timer } from "@tidewire/foundation";
import type { OpenedLog } from "@tidewire/log-engine";
import type { LogModules } from "./log-append.ts";

/** Takes a document's next write epoch, however long the log needs. */
export class LogOpening {
  readonly #modules: LogModules;
  readonly #document: DocumentName;
  readonly #owner: string;
  readonly #backoff: Backoff;
  readonly #onOpened: (opened: OpenedLog) => void;
  #timer: Timer | undefined;
  #isCancelled = false;

  constructor(
    modules: LogModules,
    document: DocumentName,
    owner: string,
    backoff: BackoffOptions,
    onOpened: (opened: OpenedLog) => void,
  ) {
    this.#modules = modules;
    this.#document = document;
    this.#owner = owner;
    this.#backoff = new Backoff(modules.random, backoff);
    this.#onOpened = onOpened;
  }

  start(delayMs = 0): void {
    if (delayMs <= 0) void this.#attempt();
    else this.#timer = this.#modules.clock.after(delayMs, () => void this.#attempt());
  }

  /** An epoch that is still taken afterwards is given back. */
  cancel(): void {
    this.#isCancelled = true;
    this.#timer?.cancel();
  }

  async #attempt(): Promise<void> {
    let opened: OpenedLog;
    try {
      opened = await this.#modules.log.open(this.#document, this.#owner);
    } catch {
      // Whatever it is, the log may know better later; those who wait have their own patience.
      if (!this.#isCancelled) this.start(this.#backoff.nextDelayMs());
      return;
    }
    if (!this.#isCancelled) {
      this.#onOpened(opened);
      return;
    }
    // Best effort: an epoch nobody writes under harms nobody.
    await this.#modules.log.release(this.#document, opened.epoch).catch(() => {});
  }
}
