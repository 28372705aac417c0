import { expect, test } from "@jest/globals";
import { document, TestBed } from "./support/test-bed.ts";

test("commands that arrive while an append is in flight run as one batch with one append", async () => {
  const bed = new TestBed();
  const held = bed.log.faults.holdNext("append");
  const first = bed.send("add", { by: 1 });
  await held.reached;
  const others = [bed.send("add", { by: 2 }), bed.send("add", { by: 3 }), bed.send("add", { by: 4 })];
  await bed.settle();
  expect([first, ...others].map((answer) => answer.status)).toEqual(["pending", "pending", "pending", "pending"]);

  held.release();
  await bed.settle();
  expect([first, ...others].map((answer) => answer.value.value)).toEqual(["1", "3", "6", "10"]);
  const { patches } = await bed.log.read(document, { afterSeq: 0, limit: 10 });
  expect(patches.map((patch) => patch.seq)).toEqual([first.value.seq, others[2]!.value.seq]);
});

test("answers come in the order of the commands, refusals among them", async () => {
  const bed = new TestBed();
  bed.send("add", { by: 1 });
  bed.send("fail");
  bed.send("noop");
  bed.send("add", { by: 2 });
  await bed.settle();
  expect(bed.journal).toEqual(['add {"by":1}', "fail {}", "noop {}", 'add {"by":2}']);
});

test("a refusal waits for the append of its batch, because it may speak of what is not durable", async () => {
  const bed = new TestBed();
  const held = bed.log.faults.holdNext("append");
  const added = bed.send("add", { by: 1 });
  const refused = bed.send("fail");
  await held.reached;
  await bed.settle();
  expect([added.status, refused.status]).toEqual(["pending", "pending"]);
  held.release();
  await bed.settle();
  expect([added.status, refused.status]).toEqual(["ok", "rejected"]);
});

test("a marker that is repeated while its first use is in flight waits with it, and gets the same answer", async () => {
  const bed = new TestBed();
  const held = bed.log.faults.holdNext("append");
  const first = bed.send("add", { by: 5 }, { marker: "m" });
  const repeated = bed.send("add", { by: 5 }, { marker: "m" });
  await held.reached;
  const later = bed.send("add", { by: 5 }, { marker: "m" });
  await bed.settle();
  expect([first, repeated, later].map((answer) => answer.status)).toEqual(["pending", "pending", "pending"]);
  held.release();
  await bed.settle();
  expect(repeated.value).toEqual(first.value);
  expect(later.value).toEqual(first.value);
  expect((await bed.valueOf())["value"]).toBe(5);
});

test("a read sees durable state only, and runs between two batches", async () => {
  const bed = new TestBed();
  bed.send("add", { by: 1 });
  await bed.settle();
  const held = bed.log.faults.holdNext("append");
  bed.send("add", { by: 10 });
  await held.reached;
  const read = bed.get();
  bed.send("add", { by: 100 });
  await bed.settle();
  expect(read.status).toBe("pending");
  held.release();
  await bed.settle();
  expect(new TextDecoder().decode(read.value.json)).toContain('"value":11,');
});

test("frames of a commit leave before its answers", async () => {
  const bed = new TestBed();
  bed.connect();
  await bed.settle();
  bed.journal.length = 0;
  bed.send("add", { by: 1 });
  bed.send("add", { by: 2 });
  await bed.settle();
  expect(bed.journal).toEqual(["frame 3", 'add {"by":1}', 'add {"by":2}']);
});

test("a batch has a bound, and what exceeds it runs in the next one", async () => {
  const bed = new TestBed({ options: { batchMaxCommands: 2 } });
  const answers = [1, 2, 3, 4, 5].map((by) => bed.send("add", { by }));
  await bed.settle();
  expect(answers.map((answer) => answer.status)).toEqual(["ok", "ok", "ok", "ok", "ok"]);
  const { patches } = await bed.log.read(document, { afterSeq: 0, limit: 10 });
  expect(patches.length).toBe(3);
});

test("a full queue refuses with overloaded, for the document and for the host", async () => {
  const bed = new TestBed({ options: { commandsPerDocumentMax: 2, batchMaxCommands: 1 } });
  const held = bed.log.faults.holdNext("append");
  bed.send("add", { by: 1 });
  await held.reached;
  const [second, third, fourth] = [2, 3, 4].map((by) => bed.send("add", { by }));
  await bed.settle();
  expect([second, third, fourth].map((answer) => answer!.status)).toEqual(["pending", "pending", "overloaded"]);

  const small = new TestBed({ options: { commandsMax: 2 } });
  const answers = ["a", "b", "c"].map((key) => small.send("add", { by: 1 }, { name: { space: "fake", key } }));
  await small.settle();
  expect(answers.map((answer) => answer.status).sort()).toEqual(["ok", "ok", "overloaded"]);
});

test("a command that does not get its turn before its deadline is not done", async () => {
  const bed = new TestBed();
  const held = bed.log.faults.holdNext("append");
  bed.send("add", { by: 1 });
  await held.reached;
  const late = bed.send("add", { by: 2 }, { deadlineMs: 100 });
  await bed.pass(700);
  expect(late.status).toBe("timeout");
  held.release();
  await bed.settle();
  expect((await bed.valueOf())["value"]).toBe(1);
});
