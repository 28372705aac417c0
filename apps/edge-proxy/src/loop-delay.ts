import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Clock, MetricsSink, Timer } from "@tidewire/foundation";

const LOOK_MS = 1_000;
const RESOLUTION_MS = 10;

/** Watches how late the event loop is, once a second, and tells whoever slows down by it. Returns the function that ends it. */
export function watchLoopDelay(
  modules: { readonly clock: Clock; readonly metrics: MetricsSink },
  onDelay: (delayMs: number) => void,
): () => void {
  const gauge = modules.metrics.gauge(
    "tidewire_edge_loop_delay_seconds",
    "Event-loop delay, 99th percentile of a second",
  );
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  histogram.enable();
  let timer: Timer;
  const look = (): void => {
    // The histogram measures the sampling timer itself; its own period is no delay.
    const delayMs = Math.max(0, histogram.percentile(99) / 1e6 - RESOLUTION_MS);
    histogram.reset();
    gauge.set(delayMs / 1_000);
    onDelay(delayMs);
    timer = modules.clock.after(LOOK_MS, look);
  };
  timer = modules.clock.after(LOOK_MS, look);
  return () => {
    timer.cancel();
    histogram.disable();
  };
}
