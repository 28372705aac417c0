import { TidewireError } from "./tidewire-error.ts";

export type Unsubscribe = () => void;

/** Callbacks that one object may collect; far more than any page shows, few enough to notice a leak. */
export const observersMax = 10_000;

/** Listeners of one kind. One that throws does not keep the others from hearing; its error surfaces as an uncaught one. */
export class Observers<Event> {
  readonly #listeners = new Set<{ readonly listener: (event: Event) => void }>();

  get size(): number {
    return this.#listeners.size;
  }

  /** The same function may be added twice and is then called twice. Throws `limit_exceeded`. */
  add(listener: (event: Event) => void): Unsubscribe {
    if (this.#listeners.size >= observersMax) {
      throw new TidewireError("limit_exceeded", "too many listeners", {
        details: { limit: "observersMax", max: observersMax },
      });
    }
    const entry = { listener };
    this.#listeners.add(entry);
    return () => void this.#listeners.delete(entry);
  }

  emit(event: Event): void {
    for (const entry of Array.from(this.#listeners)) {
      if (this.#listeners.has(entry)) callSafely(entry.listener, event);
    }
  }

  clear(): void {
    this.#listeners.clear();
  }
}

/** Calls foreign code. */
export function callSafely<Event>(listener: (event: Event) => void, event: Event): void {
  try {
    listener(event);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
