import { expect, test } from "@jest/globals";
import { compileDocument, type DocumentRuntime, defineDocument, record, t } from "@tidewire/document";
import { ManualClock, SeededRandom } from "@tidewire/foundation";
import { MemoryLogEngine } from "@tidewire/log-engine";
import fc from "fast-check";
import { FakeRuntime } from "./support/fake-runtime.ts";
import { SimulatedFleet } from "./support/simulated-fleet.ts";

const RUNS = Number(process.env["TIDEWIRE_TEST_SIMULATION_RUNS"] ?? 100);

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

/** What the fake document does, as an author would write it. */
const ledger = defineDocument({
  space: "fake",
  createsOnDemand: true,
  state: { entries: t.list(t.string(64)) },
  onConnect: (doc, ctx) => void doc.entries.push(`+${ctx.principal.agent}`),
  onDisconnect: (doc, ctx) => void doc.entries.push(`-${ctx.principal.agent}`),
  messages: (message) => ({
    push: message(record({ id: t.string(64) }), (doc, { id }) => void doc.entries.push(id)),
  }),
});

const runtimes: Record<string, (random: SeededRandom) => DocumentRuntime> = {
  fake: () => new FakeRuntime({ logsPresence: true }),
  real: (random) => compileDocument(ledger, {}, { random }),
};

test.each(Object.keys(runtimes))(
  "random crashes, fences, lost answers and moves: every acknowledged command once, all viewers converge (%s runtime)",
  async (kind) => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), fc.integer(), async (steps, seed) => {
        const random = new SeededRandom(seed);
        const fleet = new SimulatedFleet(new ManualClock(), new MemoryLogEngine(), random, () =>
          runtimes[kind]!(random),
        );
        for (const step of steps) await fleet.take(step);
        await fleet.heal();
        fleet.check();
      }),
      { numRuns: RUNS },
    );
  },
  600_000,
);

test("the check itself notices a doubled and a lost command", async () => {
  const fleet = new SimulatedFleet(
    new ManualClock(),
    new MemoryLogEngine(),
    new SeededRandom(1),
    () => new FakeRuntime(),
  );
  await fleet.take({ kind: "send", isMarked: true });
  await fleet.heal();
  fleet.check();
  fleet.acknowledged.add("never sent");
  expect(() => fleet.check()).toThrow();
});
