/** Far longer than a signature takes, also on a busy machine. */
const WAIT_MAX_MS = 20_000;

/**
 * Lets the machine work until something is done, because cryptography answers outside of microtasks; no virtual time
 * passes. Throws if it never is.
 * @param eachTurn is awaited after every turn of the event loop.
 */
export async function realTurns(isDone: () => boolean, eachTurn?: () => Promise<void>): Promise<void> {
  const giveUpAt = performance.now() + WAIT_MAX_MS;
  while (!isDone()) {
    if (performance.now() > giveUpAt) throw new Error(`not done within ${WAIT_MAX_MS} ms`);
    await new Promise<void>((resolve) => void setImmediate(resolve));
    await eachTurn?.();
  }
}
