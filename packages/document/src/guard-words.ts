/**
 * What the guard's two threads tell each other, in shared memory. The phase goes from `idle` to `running` and back with each
 * turn; only whoever moves it by compare-and-exchange may act on it.
 */
export const guardWords = { phase: 0, turn: 1, sleep: 2, count: 3 } as const;

export const guardPhase = {
  /** No turn; the watcher holds the signal. */
  idle: 0,
  running: 1,
  /** The turn has gone on for too long, and the signal that cuts it is on its way: the turn waits for it. */
  cutting: 2,
  /** The watcher does not hold the signal, or is about to. */
  away: 3,
  /** For good: there is no watcher any more. */
  closed: 4,
} as const;

export interface GuardWatchData {
  readonly words: Int32Array;
  readonly pollMs: number;
  /** A turn that was seen in this many polls in a row is cut. */
  readonly pollsMax: number;
}
