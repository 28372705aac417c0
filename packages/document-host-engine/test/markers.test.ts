import { expect, test } from "@jest/globals";
import { compileDocument, defineDocument, t } from "@tidewire/document";
import { alice, bob, TestBed } from "./support/test-bed.ts";

const name = { space: "tally", key: "a" };
const anyNumber = {
  "~standard": {
    version: 1 as const,
    vendor: "test",
    validate: (value: unknown) => (typeof value === "number" ? { value } : { issues: [{ message: "a number" }] }),
  },
};

const tally = (createsOnDemand: boolean) =>
  compileDocument(
    defineDocument({
      space: "tally",
      createsOnDemand,
      state: { total: t.int() },
      messages: (message) => ({
        add: message(anyNumber, (doc, by) => {
          doc.total += by as number;
          return { total: doc.total };
        }),
      }),
    }),
  );

async function run(bed: TestBed, command: Parameters<TestBed["host"]["execute"]>[1]) {
  const done = bed.host.execute(name, command, bed.context());
  await bed.settle();
  return done;
}

test.each([
  ["made on demand", true],
  ["made on purpose", false],
])("a message retried after its document (%s) was deleted and its host died gets its outcome", async (_, onDemand) => {
  const runtime = tally(onDemand);
  const bed = new TestBed({ runtime });
  const add = { kind: "message", principal: alice, message: "add", arg: "7", marker: "m1" } as const;
  if (!onDemand) await run(bed, { kind: "create", principal: bob });
  const first = await run(bed, add);
  await run(bed, { kind: "delete", principal: bob });
  const [gone] = await bed.log.heads([name]);
  expect(gone!.isDeleted).toBe(true);
  // Killed: it says nothing more, to nobody.
  bed.host.stop();

  for (const nodeId of ["host-2", "host-3"]) {
    const next = new TestBed({ runtime, log: bed.log, clock: bed.clock, nodeId });
    expect(await run(next, add)).toEqual(first);
    const [head] = await bed.log.heads([name]);
    expect([head!.seq, head!.isDeleted]).toEqual([gone!.seq, true]);
    expect(await bed.log.list("tally", { limit: 1 })).toEqual([]);
    next.host.stop();
  }

  // Who makes it anew begins at nothing, and the outcome goes on to be known.
  const last = new TestBed({ runtime, log: bed.log, clock: bed.clock, nodeId: "host-4" });
  await run(last, onDemand ? { ...add, marker: "m2" } : { kind: "create", principal: bob, marker: "m2" });
  last.host.stop();
  const after = new TestBed({ runtime, log: bed.log, clock: bed.clock, nodeId: "host-5" });
  expect(await run(after, add)).toEqual(first);
  after.host.stop();
});
