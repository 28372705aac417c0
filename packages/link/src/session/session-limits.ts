export interface SessionLimits {
  /** Calls and streams open at once on one connection. */
  readonly inFlightMax: number;
  /**
   * Calls that wait for an answer while this side is behind with what comes: one more would only make it wait longer for
   * those, and each that is refused here costs a tenth of one that is answered.
   */
  readonly behindCallsMax: number;
  /** Stream ids are never used twice; near this one the connection goes away and is replaced. */
  readonly streamIdMax: number;
}

export const defaultSessionLimits: SessionLimits = {
  inFlightMax: 65_536,
  behindCallsMax: 8_192,
  streamIdMax: 2 ** 32 - 2 ** 20,
};
