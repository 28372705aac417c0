import { StateError } from "./state-error.ts";

/**
 * Document code is synchronous; throws `StateError` if what it returned is a promise, or can be waited for like one. The
 * promise is nobody's then: left alone, its rejection would end the process, and with it all other documents.
 */
export function refusePromise(result: unknown, what: string): void {
  if (typeof result !== "object" || result === null || typeof (result as { then?: unknown }).then !== "function")
    return;
  if (result instanceof Promise) result.catch(() => {});
  throw new StateError(`${what} are synchronous: this one returned a promise`);
}
