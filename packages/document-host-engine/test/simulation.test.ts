import { expect, test } from "@jest/globals";
import { ManualClock, SeededRandom } from "@tidewire/foundation";
import { MemoryLogEngine } from "@tidewire/log-engine";
import fc from "fast-check";
import { SimulatedFleet } from "./support/simulated-fleet.ts";

const RUNS = Number(process.env["TIDEWIRE_TEST_SIMULATION_RUNS"] ?? 150);

const host = fc.integer({ min: 0, max: 1 });
const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant("send" as const), isMarked: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("view" as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("leave" as const), isOrderly: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("table" as const), owner: host, tellOnly: fc.option(host) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("crash" as const), host }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom("failAppend" as const, "loseAppend" as const, "failOpen" as const, "failSnapshot" as const),
      times: fc.integer({ min: 1, max: 6 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom("hold" as const, "release" as const) }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("pass" as const), ms: fc.nat({ max: 3_000 }) }) },
);

test("random crashes, fences, lost answers and moves: every acknowledged command once, all viewers converge", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), fc.integer(), async (steps, seed) => {
      const fleet = new SimulatedFleet(new ManualClock(), new MemoryLogEngine(), new SeededRandom(seed));
      for (const step of steps) await fleet.take(step);
      await fleet.heal();
      fleet.check();
    }),
    { numRuns: RUNS },
  );
}, 120_000);

test("the check itself notices a doubled and a lost command", async () => {
  const fleet = new SimulatedFleet(new ManualClock(), new MemoryLogEngine(), new SeededRandom(1));
  await fleet.take({ kind: "send", isMarked: true });
  await fleet.heal();
  fleet.check();
  fleet.acknowledged.add("never sent");
  expect(() => fleet.check()).toThrow();
});
