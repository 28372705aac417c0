/**
 * How long a suspicion lasts (Lifeguard, DSN 2018, section IV-B). A suspicion starts long, so that a node that is slow
 * itself has time to hear the refutation; each independent accuser shortens it, and after `confirmations` of them it
 * has come down to the time plain SWIM would give.
 */
export interface SuspicionSpan {
  readonly minMs: number;
  readonly maxMs: number;
  /** Confirmations that lead to `minMs`; 0 means `minMs` from the start. */
  readonly confirmations: number;
}

export interface SuspicionOptions {
  readonly alpha: number;
  readonly beta: number;
  readonly confirmations: number;
  readonly probeIntervalMs: number;
  readonly isDynamic: boolean;
}

/** @param members members that are alive or suspect, this node included. */
export function suspicionSpan(members: number, options: SuspicionOptions): SuspicionSpan {
  const scale = Math.max(1, Math.log10(Math.max(1, members)));
  const minMs = options.alpha * scale * options.probeIntervalMs;
  if (!options.isDynamic) return { minMs, maxMs: minMs, confirmations: 0 };
  // Neither the accuser nor the accused can confirm, so two members have nobody who could.
  const confirmations = Math.max(0, Math.min(options.confirmations, members - 2));
  return { minMs, maxMs: confirmations === 0 ? minMs : options.beta * minMs, confirmations };
}

/** Milliseconds from the start of the suspicion until the member counts as dead. */
export function suspicionTimeoutMs(span: SuspicionSpan, confirmed: number): number {
  if (span.confirmations === 0 || confirmed >= span.confirmations) return span.minMs;
  const share = Math.log(confirmed + 1) / Math.log(span.confirmations + 1);
  return Math.max(span.minMs, span.maxMs - (span.maxMs - span.minMs) * share);
}
