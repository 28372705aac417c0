import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { ManualClock, SystemClock } from "../src/index.ts";

describe("ManualClock", () => {
  test("fires timers in order of due time, then of creation, and never early", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 30 }), (delays) => {
        const clock = new ManualClock();
        const fired: { index: number; at: number }[] = [];
        delays.forEach((delay, index) => clock.after(delay, () => fired.push({ index, at: clock.monotonicMs() })));
        clock.advance(50);
        const expected = delays
          .map((delay, index) => ({ index, at: delay }))
          .sort((a, b) => a.at - b.at || a.index - b.index);
        expect(fired).toEqual(expected);
        expect(clock.pendingTimers).toBe(0);
      }),
    );
  });

  test("fires what a timer arms while time moves", () => {
    const clock = new ManualClock();
    const seen: number[] = [];
    clock.after(10, () => clock.after(10, () => seen.push(clock.monotonicMs())));
    clock.advance(19);
    expect(seen).toEqual([]);
    clock.advance(1);
    expect(seen).toEqual([20]);
  });

  test("a cancelled timer stays silent", () => {
    const clock = new ManualClock();
    let fired = 0;
    clock.after(5, () => fired++).cancel();
    clock.after(5, () => fired++);
    clock.advance(10);
    expect(fired).toBe(1);
  });

  test("wall time moves with it", () => {
    const clock = new ManualClock({ wallMs: 1_000 });
    clock.advance(250);
    expect(clock.wallMs()).toBe(1_250);
  });

  test("advanceAsync lets promises settle between timers", async () => {
    const clock = new ManualClock();
    const steps: string[] = [];
    clock.after(1, () => void Promise.resolve().then(() => steps.push("promise")));
    clock.after(2, () => steps.push("timer"));
    await clock.advanceAsync(2);
    expect(steps).toEqual(["promise", "timer"]);
  });
});

describe("SystemClock", () => {
  test("fires after the delay, and a cancelled timer does not", async () => {
    const clock = new SystemClock();
    const startedAt = clock.monotonicMs();
    let isCancelledFired = false;
    const cancelled = clock.after(1, () => {
      isCancelledFired = true;
    });
    cancelled.cancel();
    // The timer does not keep the process alive, so something else must while the test waits.
    const alive = setInterval(() => {}, 1_000);
    await new Promise<void>((resolve) => clock.after(20, resolve));
    clearInterval(alive);
    // Node counts from when this turn of its loop began, which on a busy machine was some milliseconds before.
    expect(clock.monotonicMs() - startedAt).toBeGreaterThanOrEqual(10);
    expect(isCancelledFired).toBe(false);
  });

  test("takes delays beyond what a Node timer can hold without firing at once", () => {
    const timer = new SystemClock().after(2 ** 40, () => {
      throw new Error("fired at once");
    });
    timer.cancel();
    expect(timer).toBeDefined();
  });
});
