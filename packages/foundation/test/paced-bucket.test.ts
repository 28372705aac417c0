import { expect, test } from "@jest/globals";
import { ManualClock, PacedBucket } from "../src/index.ts";

const rate = { perSecond: 1_000, burst: 100 };

test("gives the burst at once, then no more than the rate, in order", async () => {
  const clock = new ManualClock();
  const bucket = new PacedBucket(clock);
  const given: [string, number][] = [];
  const take = (name: string, amount: number): void => {
    void bucket.take(amount, rate).then(() => given.push([name, clock.monotonicMs()]));
  };
  const startedAt = clock.monotonicMs();
  take("burst", 200);
  take("second", 300);
  take("third", 1);
  await clock.advanceAsync(1_000);
  expect(given.map(([name, at]) => [name, at - startedAt])).toEqual([
    ["burst", 0],
    ["second", 100],
    ["third", 400],
  ]);
});

test("a stopped bucket holds nobody", async () => {
  const clock = new ManualClock();
  const bucket = new PacedBucket(clock);
  await bucket.take(10_000, rate);
  const waiting = bucket.take(1, rate);
  bucket.stop();
  await waiting;
  await bucket.take(1_000_000, rate);
  expect(clock.monotonicMs()).toBe(new ManualClock().monotonicMs());
});
