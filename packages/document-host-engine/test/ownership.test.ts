import { expect, test } from "@jest/globals";
import { type LogEngine, MemoryLogEngine } from "@tidewire/log-engine";
import { alice, document, TestBed } from "./support/test-bed.ts";

test("a document of another host is refused with the table version that says so", async () => {
  const bed = new TestBed();
  bed.routing.name("host-2", 7);
  const sent = bed.send("add", { by: 1 });
  const { stream } = bed.connect();
  await bed.settle();
  expect(sent.error.toBody()).toMatchObject({ code: "not_owner", details: { tableVersion: 7 } });
  expect(stream.endCode).toBe("not_owner");
});

test("a caller with a newer table is kept until that table is here, or not for long", async () => {
  const bed = new TestBed();
  bed.routing.name("host-2", 2);
  const command = { kind: "message", principal: alice, message: "add", arg: '{"by":1}' } as const;
  const early = bed.host.execute(document, command, bed.context(10_000, 3));
  await bed.pass(300);
  bed.routing.name("host-1", 3);
  await bed.settle();
  expect((await early).value).toBe("1");

  const lost = bed.host.execute({ space: "fake", key: "other" }, command, bed.context(10_000, 9));
  const status = lost.then(
    () => "ok",
    (error: { code: string }) => error.code,
  );
  bed.routing.name("host-2", 4);
  await bed.pass(1_000);
  expect(await status).toBe("not_owner");
});

test("requests that arrive before the first table wait for it, too", async () => {
  const bed = new TestBed();
  bed.routing.table = undefined;
  const sent = bed.send("add", { by: 1 });
  await bed.pass(100);
  expect(sent.status).toBe("pending");
  bed.routing.name("host-1", 1);
  await bed.settle();
  expect(sent.status).toBe("ok");
});

test("an append that was in time and answered after the next owner came is acknowledged, and shown by that one", async () => {
  const log = new MemoryLogEngine();
  let isHeld = false;
  let letGo = (): void => {};
  const released = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const append: LogEngine["append"] = async (...args) => {
    const result = await log.append(...args);
    if (isHeld) await released;
    return result;
  };
  const logOfHost = new Proxy<LogEngine>(log, {
    get: (target, name: keyof LogEngine) =>
      name === "append" ? append : (target[name] as (...args: unknown[]) => unknown).bind(target),
  });
  const bed = new TestBed({ log, logOfHost });
  const { stream } = bed.connect();
  await bed.settle();
  const before = stream.frames.length;
  isHeld = true;
  const sent = bed.send("add", { by: 1 });
  await bed.settle();
  // It is in the log, and nobody here knows.
  await log.open(document, "host-2");
  bed.routing.name("host-2", 2);
  await bed.settle();
  expect([sent.status, stream.isOpen]).toEqual(["pending", true]);
  letGo();
  await bed.settle();
  expect(sent.status).toBe("ok");
  expect([stream.frames.length, stream.endCode]).toEqual([before, "moving"]);
});

test("documents that moved are handed over: batch finished, epoch released, streams ended with moving", async () => {
  const bed = new TestBed();
  const { stream } = bed.connect();
  await bed.settle();
  const held = bed.log.faults.holdNext("append");
  const running = bed.send("add", { by: 1 });
  await held.reached;
  const waiting = bed.send("add", { by: 1 });
  bed.routing.name("host-2", 2);
  await bed.settle();
  expect([running.status, waiting.status, stream.isOpen]).toEqual(["pending", "moving", true]);
  const meanwhile = bed.send("add", { by: 1 });
  await bed.settle();
  expect(meanwhile.status).toBe("moving");
  held.release();
  await bed.settle();
  expect(running.status).toBe("ok");
  expect(stream.view["value"]).toBe(1);
  expect(stream.endCode).toBe("moving");
  expect(bed.host.documentCount).toBe(0);
  const fenced: string[] = [];
  bed.log.watchFenced("host-1", (name) => fenced.push(name.key));
  await bed.log.open(document, "host-2");
  await bed.settle();
  expect(fenced).toEqual([]);
});

test("a hand-over that the log holds up ends by itself, and nobody is told what nobody knows", async () => {
  const bed = new TestBed();
  const held = bed.log.faults.holdNext("append");
  const marked = bed.send("add", { by: 1 }, { marker: "m" });
  const unmarked = bed.send("add", { by: 1 });
  await held.reached;
  bed.routing.name("host-2", 2);
  await bed.pass(5_100);
  expect([marked.status, unmarked.status]).toEqual(["moving", "timeout"]);
  expect(bed.host.documentCount).toBe(0);
});

test("a long tail gets a snapshot before it is handed over", async () => {
  const bed = new TestBed();
  for (let turn = 0; turn < 60; turn++) {
    bed.send("add", { by: 1 });
    await bed.settle();
  }
  bed.routing.name("host-2", 2);
  await bed.settle();
  const opened = await bed.log.open(document, "host-2");
  expect(opened.patches.length).toBe(0);
  expect(opened.snapshot?.seq).toBe(opened.seq);
});

test("the next owner has everything, and viewers go on there", async () => {
  const bed = new TestBed();
  const first = bed.connect({ id: "v", hashEvery: true });
  bed.send("add", { by: 3 });
  await bed.settle();
  const { seq, hash } = first.stream.frames.at(-1)!;
  const next = new TestBed({ nodeId: "host-2", log: bed.log, clock: bed.clock, routing: bed.routing });
  bed.routing.name("host-2", 2);
  await bed.settle();
  const second = next.connect({ id: "v", hashEvery: true, resume: { seq, hash: hash! } });
  const sent = next.send("add", { by: 1 });
  await next.settle();
  expect(sent.value.value).toBe("4");
  expect(second.stream.view["value"]).toBe(4);
});

test("draining hands everything over at the configured pace and opens nothing any more", async () => {
  const bed = new TestBed({ options: { handOverPerSecond: 10, handOverConcurrency: 2 } });
  for (let key = 0; key < 20; key++) bed.send("add", { by: 1 }, { name: { space: "fake", key: `k${key}` } });
  await bed.settle();
  expect(bed.host.documentCount).toBe(20);
  let isDrained = false;
  const drained = async (): Promise<void> => {
    await bed.host.drain();
    isDrained = true;
  };
  void drained();
  await bed.pass(1_000);
  expect(bed.host.documentCount).toBeGreaterThan(5);
  expect(isDrained).toBe(false);
  const late = bed.send("add", { by: 1 }, { name: { space: "fake", key: "new" } });
  await bed.pass(1_100);
  expect(late.status).toBe("moving");
  expect([bed.host.documentCount, isDrained]).toEqual([0, true]);
});

test("draining within a time is as fast as that demands", async () => {
  const bed = new TestBed({ options: { handOverPerSecond: 1, handOverConcurrency: 4 } });
  for (let key = 0; key < 50; key++) bed.send("add", { by: 1 }, { name: { space: "fake", key: `k${key}` } });
  await bed.settle();
  void bed.host.drain({ withinMs: 1_000 });
  await bed.pass(500);
  expect(bed.host.documentCount).toBeGreaterThan(15);
  expect(bed.host.documentCount).toBeLessThan(35);
  await bed.pass(600);
  expect(bed.host.documentCount).toBe(0);
});

test("a document that comes back before its hand-over stays", async () => {
  const bed = new TestBed({ options: { handOverPerSecond: 1, handOverConcurrency: 1 } });
  const names = ["a", "b", "c"].map((key) => ({ space: "fake", key }));
  for (const name of names) bed.send("add", { by: 1 }, { name });
  await bed.settle();
  bed.routing.name("host-2", 2);
  bed.routing.name("host-1", 3);
  await bed.pass(5_000);
  expect(bed.host.documentCount).toBe(2);
});
