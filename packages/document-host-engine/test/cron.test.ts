import { expect, test } from "@jest/globals";
import { compileDocument, defineDocument, t } from "@tidewire/document";
import { jsonOf } from "./support/fake-runtime.ts";
import { alice, TestBed } from "./support/test-bed.ts";

const hourMs = 3_600_000;
const name = { space: "hours", key: "a" };

const hours = (schedule: string) =>
  compileDocument(
    defineDocument({
      space: "hours",
      createsOnDemand: true,
      state: { runs: t.list(t.timestamp()) },
      cron: { tick: { schedule, run: (doc, ctx) => void doc.runs.push(ctx.now) } },
      messages: (message) => ({ touch: message(() => {}) }),
    }),
  );

async function runsOf(bed: TestBed): Promise<number[]> {
  const read = bed.get(alice, name);
  await bed.settle();
  return (jsonOf(read.value.json) as { runs: number[] }).runs;
}

test("cron wakes an unloaded document, on whichever host, and by the schedule of its deploy", async () => {
  const options = { idleUnloadMs: 1_000 };
  const bed = new TestBed({ runtime: hours("0 * * * *"), options });
  bed.send("touch", {}, { name });
  await bed.pass(10_000);
  expect(bed.host.documentCount).toBe(0);
  await bed.pass(2 * hourMs);
  expect(await runsOf(bed)).toHaveLength(2);
  bed.host.stop();

  // Nobody is there for five hours: one run makes up for them.
  await bed.pass(5 * hourMs);
  const next = new TestBed({ runtime: hours("0 * * * *"), log: bed.log, clock: bed.clock, nodeId: "host-2", options });
  await next.pass(120_000);
  expect(next.host.documentCount).toBe(0);
  expect(await runsOf(next)).toHaveLength(3);
  await next.pass(hourMs);
  expect(await runsOf(next)).toHaveLength(4);
  next.host.stop();

  const deployed = new TestBed({
    runtime: hours("*/10 * * * *"),
    log: bed.log,
    clock: bed.clock,
    nodeId: "host-3",
    options,
  });
  expect(await runsOf(deployed)).toHaveLength(4);
  await deployed.pass(hourMs);
  expect(await runsOf(deployed)).toHaveLength(10);
});
