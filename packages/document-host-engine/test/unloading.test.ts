import { expect, test } from "@jest/globals";
import { alice, bob, document, TestBed } from "./support/test-bed.ts";

test("a document nobody uses is unloaded and its epoch released; the next request brings it back", async () => {
  const bed = new TestBed({ options: { idleUnloadMs: 10_000 } });
  bed.send("add", { by: 1 });
  await bed.pass(9_000);
  expect(bed.host.documentCount).toBe(1);
  await bed.pass(2_000);
  expect(bed.host.documentCount).toBe(0);
  expect((await bed.valueOf())["value"]).toBe(1);
});

test("viewers, reads and commands keep a document; a timer that is due soon does, too", async () => {
  const bed = new TestBed({ options: { idleUnloadMs: 1_000 } });
  const { connection } = bed.connect();
  await bed.pass(20_000);
  expect(bed.host.documentCount).toBe(1);
  connection.cancelled(true);
  await bed.pass(3_000);
  expect(bed.host.documentCount).toBe(0);

  bed.send("after", { ms: 2_500, label: "soon" });
  await bed.pass(4_000);
  expect((await bed.valueOf())["fired"]).toEqual(["soon"]);
});

test("a name without a document is forgotten sooner", async () => {
  const bed = new TestBed();
  const read = bed.get(alice, { space: "fake", key: "guess" });
  await bed.pass(1_000);
  expect([read.status, bed.host.documentCount]).toEqual(["not_found", 1]);
  await bed.pass(5_000);
  expect(bed.host.documentCount).toBe(0);
});

test("a request that arrives while its document is unloaded waits and finds it again", async () => {
  const bed = new TestBed({ options: { idleUnloadMs: 1_000 } });
  for (let turn = 0; turn < 60; turn++) {
    bed.send("add", { by: 1 });
    await bed.settle();
  }
  const held = bed.log.faults.holdNext("snapshot");
  await bed.pass(2_000);
  await held.reached;
  const sent = bed.send("add", { by: 1 });
  const { stream } = bed.connect();
  await bed.settle();
  expect(sent.status).toBe("pending");
  held.release();
  await bed.settle();
  expect(sent.value.value).toBe("61");
  expect(stream.view["value"]).toBe(61);
});

test("with too many documents the one idle for longest makes room; without an idle one it is overloaded", async () => {
  const bed = new TestBed({ options: { documentsMax: 2 } });
  const nameOf = (key: string) => ({ space: "fake", key });
  bed.send("add", { by: 1 }, { name: nameOf("a") });
  await bed.pass(10);
  bed.send("add", { by: 1 }, { name: nameOf("b") });
  await bed.pass(10);
  const third = bed.send("add", { by: 1 }, { name: nameOf("c") });
  await bed.settle();
  expect([third.status, bed.host.documentCount]).toEqual(["ok", 2]);
  bed.connect({ name: nameOf("b") });
  bed.connect({ name: nameOf("c"), principal: bob });
  await bed.settle();
  const fourth = bed.send("add", { by: 1 }, { name: nameOf("d") });
  await bed.settle();
  expect(fourth.status).toBe("overloaded");
});

test("a snapshot is written after so many patches, beside the appends", async () => {
  const bed = new TestBed({ options: { snapshotTailPatches: 5 } });
  const held = bed.log.faults.holdNext("snapshot");
  for (let turn = 0; turn < 7; turn++) {
    bed.send("add", { by: 1 });
    await bed.settle();
  }
  await held.reached;
  expect((await bed.valueOf())["value"]).toBe(7);
  held.release();
  await bed.settle();
  const opened = await bed.log.open(document, "observer");
  expect(opened.snapshot).toBeDefined();
  expect(opened.patches.length).toBeLessThan(5);
});

test("a snapshot is written when the patches weigh more than the last one", async () => {
  const bed = new TestBed({ options: { snapshotTailMinBytes: 1_000 } });
  for (let turn = 0; turn < 4; turn++) {
    bed.send("fill", { size: 300 });
    await bed.settle();
  }
  bed.send("noop");
  await bed.settle();
  const { snapshot } = await bed.log.open(document, "observer");
  expect(snapshot).toBeDefined();
});

test("a snapshot that fails is not tried again at once, and nothing else suffers", async () => {
  const bed = new TestBed({ options: { snapshotTailPatches: 2 } });
  const { ServiceError } = await import("@tidewire/foundation");
  bed.log.faults.failNext("snapshot", new ServiceError("unavailable", "no"));
  for (let turn = 0; turn < 5; turn++) {
    bed.send("add", { by: 1 });
    await bed.settle();
  }
  expect((await bed.log.read(document, { afterSeq: 0, limit: 99 })).snapshot).toBeUndefined();
  await bed.pass(11_000);
  bed.send("add", { by: 1 });
  await bed.settle();
  bed.send("noop");
  await bed.settle();
  expect((await bed.log.read(document, { afterSeq: 0, limit: 99 })).snapshot).toBeDefined();
  expect((await bed.valueOf())["value"]).toBe(6);
});
