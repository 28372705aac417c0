import { TidewireError } from "../tidewire-error.ts";
import type { StreamBinding } from "./stream-binding.ts";

interface Waiter {
  readonly version: number;
  readonly resolve: () => void;
  readonly reject: (error: TidewireError) => void;
}

/** Callers that may wait for the server to take a view state. */
const WAITERS_MAX = 1_000;

/**
 * The view state of one stream on its way to the server: only the newest counts, one update is under way at a time, and
 * a new binding brings it along. Versions count the changes.
 */
export class ViewStateUpdates {
  #text: string | undefined;
  #version = 0;
  #sending: StreamBinding | undefined;
  #waiters: Waiter[] = [];

  constructor(text: string | undefined) {
    this.#text = text;
  }

  /** JSON text; `undefined` if there never was one. */
  get text(): string | undefined {
    return this.#text;
  }

  get version(): number {
    return this.#version;
  }

  /** Resolves once the server has this one or a newer one; at once if there is no stream to tell of it. */
  set(text: string, isWanted: boolean): Promise<void> {
    if (this.#waiters.length >= WAITERS_MAX) {
      return Promise.reject(new TidewireError("overloaded", "too many view state updates are waiting"));
    }
    this.#text = text;
    const version = ++this.#version;
    if (!isWanted) return Promise.resolve();
    return new Promise((resolve, reject) => this.#waiters.push({ version, resolve, reject }));
  }

  /** Sends what `binding` does not know yet, unless an update is under way there. */
  send(binding: StreamBinding | undefined): void {
    if (
      binding?.isReady !== true ||
      !binding.session.isOpen ||
      this.#sending === binding ||
      binding.viewStateVersion === this.#version
    )
      return;
    this.#sending = binding;
    const version = this.#version;
    const done = (): void => {
      if (this.#sending === binding) this.#sending = undefined;
    };
    binding.session.request("connection/update", `{"connection":${binding.id},"viewState":${this.#text}}`, {
      onResult: () => {
        done();
        binding.viewStateVersion = version;
        this.confirm(version);
        this.send(binding);
      },
      onError: (error) => {
        done();
        // Refused for good: the server keeps the one before, and is not asked again until there is a newer one.
        binding.viewStateVersion = version;
        this.#settle(version, (waiter) => waiter.reject(error));
        this.send(binding);
      },
      // No answer on a session that lives: said again. On one that is gone, the next binding brings it along.
      onLost: () => {
        done();
        this.send(binding);
      },
    });
  }

  confirm(version: number): void {
    this.#settle(version, (waiter) => waiter.resolve());
  }

  fail(error: TidewireError): void {
    this.#settle(this.#version, (waiter) => waiter.reject(error));
  }

  #settle(version: number, settle: (waiter: Waiter) => void): void {
    const settled = this.#waiters.filter((waiter) => waiter.version <= version);
    if (settled.length === 0) return;
    this.#waiters = this.#waiters.filter((waiter) => waiter.version > version);
    for (const waiter of settled) settle(waiter);
  }
}
