import { type Clock, type DocumentName, type Random, ServiceError } from "@tidewire/foundation";
import { LinkError } from "@tidewire/link";
import { type DocumentDirectory, sameHost } from "../routing/document-directory.ts";

/** Refusals that come before any effect: the same request may go out again, here or elsewhere. */
const REFUSALS: ReadonlySet<string> = new Set(["moving", "not_owner", "draining", "fenced"]);

/**
 * Whether a failed call may be made again. `isRepeatable`: doing it twice equals doing it once, by nature or by marker.
 * Without that, only what certainly had no effect is repeated.
 */
export function mayRepeat(error: ServiceError, isRepeatable: boolean): boolean {
  if (REFUSALS.has(error.code)) return true;
  if (error.code !== "unavailable") return false;
  return isRepeatable || (error instanceof LinkError && !error.isSent);
}

/** What a caller is told when its request may have taken effect and nobody knows. */
export function outcomeUnknown(error: ServiceError): ServiceError {
  return error instanceof LinkError && error.isSent && error.code === "unavailable"
    ? new ServiceError("timeout", "the link to the document's host broke before the answer came", { cause: error })
    : error;
}

/** Growth of the pause between attempts; the first one after a move is immediate. */
const PAUSE_GROWTH = 1.5;
const PAUSE_MAX_MS = 1_000;
const PAUSE_MIN_MS = 50;

/** The pauses of one request or stream between its attempts: the error's own advice first, then longer each time, with jitter. */
export class RetryPauses {
  readonly #random: Random;
  readonly #maxMs: number;
  #attempt = 0;

  constructor(random: Random, maxMs: number = PAUSE_MAX_MS) {
    this.#random = random;
    this.#maxMs = maxMs;
  }

  reset(): void {
    this.#attempt = 0;
  }

  nextMs(error: ServiceError): number {
    const isRefusal = REFUSALS.has(error.code);
    const attempt = this.#attempt++ - (isRefusal ? 1 : 0);
    if (attempt < 0) return 0;
    const firstMs = Math.max(PAUSE_MIN_MS, isRefusal ? (error.retryAfterMs ?? 0) : 0);
    const pauseMs = Math.min(this.#maxMs, firstMs * PAUSE_GROWTH ** Math.min(attempt, 32));
    return pauseMs * (0.5 + this.#random.next());
  }
}

/** Resolves after `delayMs`, or as soon as the table names another owner than `owner`. */
export function pauseUnlessOwnerChanges(
  clock: Clock,
  directory: DocumentDirectory,
  name: DocumentName,
  delayMs: number,
): Promise<void> {
  if (delayMs <= 0) return Promise.resolve();
  const owner = directory.ownerOf(name);
  return new Promise((resolve) => {
    const finish = (): void => {
      timer.cancel();
      unsubscribe();
      resolve();
    };
    const timer = clock.after(delayMs, finish);
    const unsubscribe = directory.onChange(() => {
      if (!sameHost(directory.ownerOf(name), owner)) finish();
    });
  });
}
