import { Backoff, type BackoffOptions, type DocumentName, ServiceError, type Timer } from "@tidewire/foundation";
import type { OpenedLog } from "@tidewire/log-engine";
import type { LogModules } from "./log-append.ts";

/**
 * Takes a document's next write epoch, however long the log needs. Where there is no document and nobody wants to make
 * one, no epoch is taken: the log is not filled by those who read made-up keys. What is opened then has epoch 0, under
 * which nothing can be written.
 */
export class LogOpening {
  readonly #modules: LogModules;
  readonly #document: DocumentName;
  readonly #owner: string;
  readonly #backoff: Backoff;
  readonly #mayCreate: () => boolean;
  readonly #onOpened: (opened: OpenedLog) => void;
  #timer: Timer | undefined;
  #isCancelled = false;

  constructor(
    modules: LogModules,
    document: DocumentName,
    owner: string,
    backoff: BackoffOptions,
    mayCreate: () => boolean,
    onOpened: (opened: OpenedLog) => void,
  ) {
    this.#modules = modules;
    this.#document = document;
    this.#owner = owner;
    this.#backoff = new Backoff(modules.random, backoff);
    this.#mayCreate = mayCreate;
    this.#onOpened = onOpened;
  }

  start(delayMs = 0): void {
    // Not at once: who asked for the document has yet to say what for.
    if (delayMs <= 0) queueMicrotask(() => void this.#attempt());
    else this.#timer = this.#modules.clock.after(delayMs, () => void this.#attempt());
  }

  /** An epoch that is still taken afterwards is given back. */
  cancel(): void {
    this.#isCancelled = true;
    this.#timer?.cancel();
  }

  async #attempt(): Promise<void> {
    if (this.#isCancelled) return;
    let opened: OpenedLog;
    try {
      const options = { ifExists: !this.#mayCreate() };
      opened = await this.#modules.log
        .open(this.#document, this.#owner, options)
        .catch((thrown: unknown) => this.#openedAsMissing(thrown));
    } catch {
      // Whatever it is, the log may know better later; those who wait have their own patience.
      if (!this.#isCancelled) this.start(this.#backoff.nextDelayMs());
      return;
    }
    if (!this.#isCancelled) {
      this.#onOpened(opened);
      return;
    }
    if (opened.epoch === 0) return;
    // Best effort: an epoch nobody writes under harms nobody.
    await this.#modules.log.release(this.#document, opened.epoch).catch(() => {});
  }

  /** There is no document, and so it stays. What its deletion says outlives it. */
  async #openedAsMissing(thrown: unknown): Promise<OpenedLog> {
    const error = ServiceError.from(thrown);
    if (error.code !== "not_found") throw error;
    const { seq, isDeleted } = error.details ?? {};
    const missing = { epoch: 0, seq: typeof seq === "number" ? seq : 0, isDeleted: isDeleted === true, patches: [] };
    if (!missing.isDeleted) return missing;
    const { deletion } = await this.#modules.log.read(this.#document, { afterSeq: 0, limit: 1 });
    return deletion?.seq === missing.seq ? { ...missing, deletion } : missing;
  }
}
