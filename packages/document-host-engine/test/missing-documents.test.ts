import { expect, test } from "@jest/globals";
import { FakeRuntime } from "./support/fake-runtime.ts";
import { alice, document, TestBed } from "./support/test-bed.ts";

const guesses = Array.from({ length: 20 }, (_, index) => ({ space: "fake", key: `guess-${index}` }));

test("reading documents that do not exist writes nothing to the log", async () => {
  const bed = new TestBed();
  const reads = guesses.map((name) => bed.get(alice, name));
  await bed.pass(100);
  expect(new Set(reads.map((read) => read.status))).toEqual(new Set(["not_found"]));
  await bed.pass(20_000);
  expect(bed.host.documentCount).toBe(0);
  expect(await bed.log.documents({ limit: 100 })).toEqual([]);
});

test("neither do messages and viewers, where documents do not come into being on demand", async () => {
  const bed = new TestBed({ runtime: new FakeRuntime({ createsOnDemand: false }) });
  const sent = guesses.map((name) => bed.send("add", { by: 1 }, { name }));
  const { stream } = bed.connect();
  await bed.pass(100);
  expect(new Set(sent.map((each) => each.status))).toEqual(new Set(["not_found"]));
  expect(stream.endCode).toBe("not_found");
  expect(await bed.log.documents({ limit: 100 })).toEqual([]);
});

test("a document that was looked for in vain can be made, also again after its deletion", async () => {
  const bed = new TestBed();
  for (const seq of [1, 3]) {
    const read = bed.get(alice);
    await bed.pass(10);
    expect(read.status).toBe("not_found");
    const sent = bed.send("add", { by: 1 });
    await bed.pass(10);
    expect(sent.status).toBe("ok");
    const opened = await bed.log.heads([document]);
    expect([opened[0]!.seq >= seq, opened[0]!.isDeleted]).toEqual([true, false]);
    const deleted = bed.host.execute(document, { kind: "delete", principal: alice }, bed.context());
    await bed.pass(10);
    await deleted;
    await bed.pass(20_000);
    expect(bed.host.documentCount).toBe(0);
  }
});
