import { describe, expect, it } from "@jest/globals";
import { ManualClock, SeededRandom } from "@tidewire/foundation";
import { Liveness } from "../src/liveness.ts";

const HEARTBEAT_MS = 5_000;

function watched(seed = 1) {
  const clock = new ManualClock();
  const pings: number[] = [];
  const deaths: number[] = [];
  const looks: (() => void)[] = [];
  const liveness = new Liveness(
    { clock, random: new SeededRandom(seed), afterNextRead: (look) => looks.push(look) },
    {
      ping() {
        pings.push(clock.monotonicMs());
        liveness.sent();
      },
      dead: () => deaths.push(clock.monotonicMs()),
    },
    HEARTBEAT_MS,
  );
  const poll = (): void => {
    for (const look of looks.splice(0)) look();
  };
  return { clock, liveness, pings, deaths, poll };
}

describe("liveness", () => {
  it("pings at least once an interval when it has nothing to say, and not when it has", () => {
    const { clock, liveness, pings } = watched();
    for (let at = 0; at < 60_000; at += 500) {
      liveness.received();
      clock.advance(500);
    }
    const gaps = pings.map((at, index) => at - (pings[index - 1] ?? 0));
    expect(Math.max(...gaps)).toBeLessThanOrEqual(HEARTBEAT_MS);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(HEARTBEAT_MS * 0.75);
    const before = pings.length;
    for (let at = 0; at < 60_000; at += 500) {
      liveness.received();
      liveness.sent();
      clock.advance(500);
    }
    expect(pings.length).toBe(before);
  });

  it("declares a silent peer dead when two intervals are over, once", () => {
    for (let seed = 1; seed <= 50; seed++) {
      const { clock, liveness, deaths, poll } = watched(seed);
      clock.advance(1_234);
      liveness.received();
      for (let at = 0; at < 60_000; at += 10) {
        clock.advance(10);
        poll();
      }
      expect(deaths).toHaveLength(1);
      const silentMs = (deaths[0] as number) - 1_234;
      expect(silentMs).toBeGreaterThanOrEqual(2 * HEARTBEAT_MS);
      expect(silentMs).toBeLessThanOrEqual(2 * HEARTBEAT_MS + 10);
    }
  });

  it("looks at what has arrived before it judges: a process that was stalled blames nobody", () => {
    const { clock, liveness, deaths, poll } = watched();
    clock.advance(1_000);
    liveness.received();
    // Stopped for a minute; when it goes on the timer comes first, then the socket.
    clock.advance(60_000);
    liveness.received();
    poll();
    expect(deaths).toEqual([]);
    clock.advance(9_000);
    poll();
    expect(deaths).toEqual([]);
    clock.advance(3_000);
    poll();
    expect(deaths).toHaveLength(1);
  });

  it("says nothing after it was stopped, not even while it looks", () => {
    const { clock, liveness, pings, deaths, poll } = watched();
    clock.advance(11_000);
    liveness.stop();
    poll();
    const before = pings.length;
    clock.advance(60_000);
    poll();
    expect([pings.length, deaths.length, clock.pendingTimers]).toEqual([before, 0, 0]);
  });
});
