import type { Clock, Timer } from "@tidewire/foundation";

/**
 * The platform's clock. Unlike the one of the services, its timers keep a Node process alive: a client that waits to
 * reconnect is as much in use as one with an open socket, and `close` cancels every timer.
 */
export class PlatformClock implements Clock {
  wallMs(): number {
    return Date.now();
  }

  monotonicMs(): number {
    return performance.now();
  }

  after(delayMs: number, callback: () => void): Timer {
    // No wait of a client is longer than the 24.8 days a timer can hold, except for far-off token expiries.
    const handle = setTimeout(callback, Math.min(Math.max(0, delayMs), 2 ** 31 - 1));
    return { cancel: () => clearTimeout(handle) };
  }
}
