import type { StateLimits } from "../state/document-state.ts";
import type { ViewLimits } from "../view/document-views.ts";

/** Bounds of one document. What is over is `limit_exceeded` with `details.limit` naming the option. */
export interface DocumentLimits extends StateLimits, ViewLimits {
  /** JSON text of an argument, in UTF-16 code units; also of a view state. */
  readonly argMaxLength: number;
  /** JSON text of what a handler returns, and of the data of a rejection. */
  readonly valueMaxLength: number;
  /** Durable timers waiting. */
  readonly timersMax: number;
  /** JSON text of a timer's argument. */
  readonly timerArgMaxLength: number;
  /** Outcomes remembered for markers. PROTOCOL.md section 3.1 promises 10,000. */
  readonly markersMax: number;
  /** How long an outcome is remembered if there is room, ms. */
  readonly markerMs: number;
  /** All remembered values together. */
  readonly markersMaxBytes: number;
}

export const defaultLimits: DocumentLimits = {
  stateMaxBytes: 32 * 1024 * 1024,
  writesMax: 250_000,
  listItemsMax: 10_000,
  tombstonesMax: 1_024,
  viewMaxBytes: 16 * 1024 * 1024,
  viewersMax: 20_000,
  idleClassesMax: 64,
  // Half of the heartbeat interval: every interval of a busy stream has one, wherever it begins.
  hashIntervalMs: 2_500,
  argMaxLength: 1024 * 1024,
  valueMaxLength: 64 * 1024,
  timersMax: 1_000,
  timerArgMaxLength: 16 * 1024,
  markersMax: 10_000,
  markerMs: 24 * 60 * 60 * 1000,
  markersMaxBytes: 16 * 1024 * 1024,
};
