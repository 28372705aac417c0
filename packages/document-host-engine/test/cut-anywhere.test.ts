import { createContext, Script } from "node:vm";
import { expect, test } from "@jest/globals";
import { compileDocument, conformanceDocument } from "@tidewire/document";
import { SeededRandom } from "@tidewire/foundation";
import { jsonOf } from "./support/fake-runtime.ts";
import { type Answer, alice, TestBed } from "./support/test-bed.ts";

const RUNS = Number(process.env["TIDEWIRE_TEST_CUT_RUNS"] ?? 150);
const name = { space: "conformance", key: "c" };

/** As the process arms it, with a time so short that it strikes inside of innocent work, too. */
function impatientGuard(isArmed: () => boolean) {
  const script = new Script("work()");
  const sandbox = { work: (): unknown => undefined };
  const context = createContext(sandbox);
  return {
    run<T>(work: () => T): T {
      if (!isArmed()) return work();
      sandbox.work = work;
      return script.runInContext(context, { timeout: 1 }) as T;
    },
  };
}

/**
 * The guard goes by the real clock: on a busy machine it strikes many times in a row, each costs a reload, and a single
 * pass is too short for them all.
 */
async function answered(bed: TestBed, answers: readonly Answer<unknown>[]): Promise<void> {
  for (let passes = 0; passes < 500 && !answers.every(({ isSettled }) => isSettled); passes++) await bed.pass(10);
}

test(`a real cut at any point of real code (${RUNS} rounds): what was answered is there, what failed is not`, async () => {
  let isArmed = true;
  const bed = new TestBed({
    runtime: compileDocument(conformanceDocument, {}, { random: new SeededRandom(1) }),
    guard: impatientGuard(() => isArmed),
    options: { runawaysMax: 1_000_000, snapshotTailPatches: 20 },
  });
  bed.connect({ name });
  const random = new SeededRandom(7);
  const expected = new Map<string, boolean>();
  let cuts = 0;
  for (let round = 0; round < RUNS; round++) {
    const puts = [0, 1, 2].map((index) => {
      const k = `r${round}-${index}`;
      return { k, answer: bed.send("put", { k, v: "v" }, { name }) };
    });
    const bulk = bed.send("bulk", { n: 1 + random.below(400), bytes: 1 + random.below(200) }, { name });
    const spin = random.next() < 0.1 ? bed.send("spin", {}, { name }) : undefined;
    await answered(bed, [...puts.map(({ answer }) => answer), bulk, ...(spin === undefined ? [] : [spin])]);
    for (const { k, answer } of puts) {
      expect(["ok", "handler_failed"]).toContain(answer.status);
      expected.set(k, answer.status === "ok");
    }
    for (const answer of [bulk, spin]) if (answer?.status === "handler_failed") cuts++;
    expect(spin === undefined || spin.status === "handler_failed").toBe(true);
  }
  isArmed = false;
  const read = bed.get(alice, name);
  await answered(bed, [read]);
  const blob = (jsonOf(read.value.json) as { blob: Record<string, string> }).blob;
  for (const [k, isThere] of expected) expect([k, Object.hasOwn(blob, k)]).toEqual([k, isThere]);
  expect(cuts).toBeGreaterThan(0);

  // The log alone says the same.
  const again = new TestBed({ runtime: compileDocument(conformanceDocument), log: bed.log, nodeId: "host-2" });
  const reread = again.get(alice, name);
  await again.settle();
  expect(jsonOf(reread.value.json)).toEqual({ ...(jsonOf(read.value.json) as object), present: [] });
});
