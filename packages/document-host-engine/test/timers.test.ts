import { expect, test } from "@jest/globals";
import { document, TestBed } from "./support/test-bed.ts";

test("a durable timer fires when it is due, once", async () => {
  const bed = new TestBed();
  const { stream } = bed.connect();
  bed.send("after", { ms: 1_000, label: "a" });
  bed.send("after", { ms: 500, label: "b" });
  await bed.pass(499);
  expect(stream.view["fired"]).toEqual([]);
  await bed.pass(1);
  expect(stream.view["fired"]).toEqual(["b"]);
  await bed.pass(2_000);
  expect(stream.view["fired"]).toEqual(["b", "a"]);
});

test("a timer further away than a look-again interval still fires in time", async () => {
  const bed = new TestBed();
  const { stream } = bed.connect();
  bed.send("after", { ms: 200_000, label: "late" });
  await bed.pass(199_999);
  expect(stream.view["fired"]).toEqual([]);
  await bed.pass(1);
  expect(stream.view["fired"]).toEqual(["late"]);
});

test("timers that fall due during an append fire after it, before the commands that waited", async () => {
  const bed = new TestBed();
  bed.send("after", { ms: 100, label: "due" });
  await bed.settle();
  const held = bed.log.faults.holdNext("append");
  bed.send("add", { by: 1 });
  await held.reached;
  const sent = bed.send("push", { id: "later" });
  await bed.pass(200);
  held.release();
  await bed.settle();
  expect(sent.status).toBe("ok");
  expect(await bed.valueOf()).toMatchObject({ fired: ["due"], entries: ["later"] });
});

test("an unloaded document is woken when its timer is due, also by a host that never had it", async () => {
  const bed = new TestBed({ options: { idleUnloadMs: 1_000 } });
  bed.send("after", { ms: 60_000, label: "wake" });
  await bed.pass(5_000);
  expect(bed.host.documentCount).toBe(0);
  bed.host.stop();
  const next = new TestBed({ log: bed.log, clock: bed.clock, nodeId: "host-2" });
  await next.pass(50_000);
  expect(next.host.documentCount).toBe(0);
  await next.pass(10_000);
  expect((await next.valueOf())["fired"]).toEqual(["wake"]);
});

test("a due document of another host is left alone", async () => {
  const bed = new TestBed();
  bed.send("after", { ms: 60_000, label: "wake" });
  await bed.settle();
  bed.host.stop();
  const other = new TestBed({ log: bed.log, clock: bed.clock, routing: bed.routing, nodeId: "host-2" });
  await other.pass(120_000);
  expect(other.host.documentCount).toBe(0);
});

test("a timer whose handler refuses does not keep the document busy", async () => {
  const bed = new TestBed();
  bed.send("after", { ms: 10, label: "stuck" });
  await bed.pass(15_000);
  const sent = bed.send("add", { by: 1 });
  await bed.settle();
  expect(sent.status).toBe("ok");
  const { patches } = await bed.log.read(document, { afterSeq: 0, limit: 10 });
  expect(patches.length).toBe(2);
});

test("many timers that are due together fire over several batches, all of them", async () => {
  const bed = new TestBed({ options: { batchMaxTimers: 4 } });
  for (let index = 0; index < 10; index++) bed.send("after", { ms: 100, label: String(index) });
  await bed.pass(200);
  expect(((await bed.valueOf())["fired"] as string[]).length).toBe(10);
});
