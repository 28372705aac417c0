import { expect, test } from "@jest/globals";
import { ServiceError } from "@tidewire/foundation";
import { type LogEngine, MemoryLogEngine } from "@tidewire/log-engine";
import { FakeRuntime, jsonOf } from "./support/fake-runtime.ts";
import { alice, document, TestBed } from "./support/test-bed.ts";

const unavailable = (): ServiceError => new ServiceError("unavailable", "the log is away");

test("fenced, but still named by the table: takes the document again and runs the batch again, once", async () => {
  const bed = new TestBed();
  const { stream } = bed.connect({ hashEvery: true });
  bed.send("add", { by: 1 });
  await bed.settle();
  const held = bed.log.faults.holdNext("append");
  const marked = bed.send("add", { by: 10 }, { marker: "m" });
  const unmarked = bed.send("add", { by: 100 });
  await held.reached;
  const other = await bed.log.open(document, "host-2");
  const foreign = new TextEncoder().encode('[{"kind":"push","id":"foreign"}]');
  await bed.log.append(document, { epoch: other.epoch, expectedSeq: 2, seq: 3, data: foreign });
  held.release();
  await bed.pass(1);
  expect([marked.status, unmarked.status]).toEqual(["ok", "ok"]);
  expect(await bed.valueOf()).toMatchObject({ value: 111, entries: ["foreign"] });
  expect(stream.isOpen).toBe(true);
  expect(stream.view).toMatchObject({ value: 111, entries: ["foreign"], present: ["alice"] });
});

test("fenced and not named any more: streams end and commands are answered with moving", async () => {
  const bed = new TestBed();
  const { stream } = bed.connect();
  await bed.settle();
  const held = bed.log.faults.holdNext("append");
  const running = bed.send("add", { by: 1 });
  await held.reached;
  const waiting = bed.send("add", { by: 1 });
  await bed.log.open(document, "host-2");
  bed.routing.name("host-2", 2);
  held.release();
  await bed.settle();
  expect([running.status, waiting.status, stream.endCode]).toEqual(["moving", "moving", "moving"]);
  expect(bed.host.documentCount).toBe(0);
});

test("an answer that was lost is asked for again: committed once, answered, nothing doubled", async () => {
  const bed = new TestBed();
  bed.log.faults.loseNextAnswer("append", unavailable());
  bed.log.faults.failNext("append", unavailable());
  const answer = bed.send("add", { by: 1 });
  await bed.pass(500);
  expect(answer.status).toBe("ok");
  expect((await bed.valueOf())["value"]).toBe(1);
});

test("an answer lost and then fenced: only what carries a marker may run again", async () => {
  const bed = new TestBed();
  bed.send("add", { by: 1 });
  await bed.settle();
  bed.log.faults.loseNextAnswer("append", unavailable());
  const marked = bed.send("add", { by: 10 }, { marker: "m" });
  const unmarked = bed.send("add", { by: 100 });
  await bed.settle();
  // The batch is in the log. The next owner reads it and replaces it by a snapshot, so that its repetition is unknown.
  const other = await bed.log.open(document, "host-2");
  const state = {
    exists: true,
    value: 111,
    entries: [],
    connected: [],
    timers: [],
    fired: [],
    markers: { m: { seq: 3, value: "11" } },
  };
  const data = new TextEncoder().encode(JSON.stringify(state));
  await bed.log.append(document, { epoch: other.epoch, expectedSeq: 4, seq: 5, data: new TextEncoder().encode("[]") });
  await bed.log.snapshot(document, { epoch: other.epoch, seq: 5, data });
  await bed.pass(1_000);
  expect(marked.value).toEqual({ seq: 3, value: "11" });
  expect(unmarked.status).toBe("timeout");
  expect((await bed.valueOf())["value"]).toBe(111);
});

test("the log is away: commands are told so in time, reads go on, and the batch is neither lost nor doubled", async () => {
  const bed = new TestBed();
  const { stream } = bed.connect();
  bed.send("add", { by: 1 });
  await bed.settle();
  const outage = Array.from({ length: 30 }, () => bed.log.faults.failNext("append", unavailable()));
  const stuck = bed.send("add", { by: 10 });
  await bed.settle();
  const waiting = bed.send("add", { by: 100 });
  await bed.pass(1_600);
  expect([stuck.status, waiting.status]).toEqual(["pending", "pending"]);

  // Slow by now: reads and new viewers get the durable state.
  expect((await bed.valueOf())["value"]).toBe(1);
  const newcomer = bed.connect({ id: "newcomer" });
  await bed.settle();
  expect(newcomer.stream.view["value"]).toBe(1);

  await bed.pass(4_500);
  expect([stuck.status, waiting.status]).toEqual(["timeout", "unavailable"]);
  const refused = bed.send("add", { by: 1_000 });
  await bed.settle();
  expect(refused.status).toBe("unavailable");
  expect([stuck.error.retryable, waiting.error.retryable, refused.error.retryable]).toEqual([true, true, true]);
  expect((await bed.valueOf())["value"]).toBe(1);
  expect(stream.frames.at(-1)!.seq).toBe(2);

  await bed.pass(outage.length * 3_000);
  expect((await bed.valueOf())["value"]).toBe(11);
  expect(stream.view["value"]).toBe(11);
  expect(newcomer.stream.view["value"]).toBe(11);
  const after = bed.send("add", { by: 1 });
  await bed.settle();
  expect(after.value.value).toBe("12");
});

test("viewers of a stand-in whose code is cut off go on with the document when the log is back", async () => {
  const bed = new TestBed();
  bed.send("add", { by: 1 });
  await bed.settle();
  const outage = Array.from({ length: 30 }, () => bed.log.faults.failNext("append", unavailable()));
  bed.send("add", { by: 10 });
  await bed.pass(1_600);
  const newcomer = bed.connect();
  await bed.settle();
  expect(newcomer.stream.view["value"]).toBe(1);
  const guilty = bed.get({ agent: "cut-view", authority: "test" });
  await bed.settle();
  expect(guilty.status).toBe("handler_failed");
  await bed.pass(outage.length * 3_000);
  expect(newcomer.stream.view["value"]).toBe(11);
});

test.each(["writes", "a snapshot in place of writes", "a deletion"])(
  "after an outage a document notices %s of another owner that nobody warned of",
  async (what) => {
    const log = new MemoryLogEngine();
    const logOfHost = new Proxy<LogEngine>(log, {
      get: (target, name: keyof LogEngine) =>
        name === "watchFenced" ? () => () => {} : (target[name] as (...args: unknown[]) => unknown).bind(target),
    });
    const bed = new TestBed({ log, logOfHost });
    bed.send("add", { by: 1 });
    await bed.settle();
    const other = new TestBed({ nodeId: "host-2", log, clock: bed.clock });
    const sent = other.send("add", { by: 10 });
    await bed.settle();
    if (what === "a deletion") void other.host.execute(document, { kind: "delete", principal: alice }, other.context());
    await bed.settle();
    other.host.stop();
    if (what === "a snapshot in place of writes") {
      const state = { exists: true, value: 11, entries: [], connected: [], timers: [], fired: [], markers: {} };
      const { epoch } = await log.open(document, "host-2");
      const data = new TextEncoder().encode(JSON.stringify(state));
      await log.snapshot(document, { epoch, seq: sent.value.seq, data });
    }
    expect((await bed.valueOf())["value"]).toBe(1);
    log.faults.failNext("due", unavailable());
    await bed.pass(5_000);
    const read = bed.get();
    await bed.settle();
    if (what === "a deletion") expect(read.status).toBe("not_found");
    else expect(jsonOf(read.value.json)).toMatchObject({ value: 11 });
  },
);

test("a copy too large to keep cannot serve reads in an outage, and says so", async () => {
  const bed = new TestBed({ options: { durableCopyMaxBytes: 10 } });
  bed.send("add", { by: 1 });
  await bed.settle();
  const held = bed.log.faults.holdNext("append");
  bed.send("add", { by: 1 });
  await held.reached;
  const read = bed.get();
  await bed.pass(1_600);
  expect(read.status).toBe("unavailable");
  held.release();
  expect((await bed.valueOf())["value"]).toBe(2);
});

test("a batch the log will never take is tried command by command, and only the guilty one fails", async () => {
  const log = new MemoryLogEngine({}, { recordMaxBytes: 300 });
  const bed = new TestBed({ log });
  bed.send("add", { by: 1 });
  await bed.settle();
  const answers = [bed.send("add", { by: 1 }), bed.send("fill", { size: 400 }), bed.send("add", { by: 1 })];
  await bed.settle();
  expect(answers.map((answer) => answer.status)).toEqual(["ok", "limit_exceeded", "ok"]);
  expect((await bed.valueOf())["value"]).toBe(3);
});

test("the log cannot be opened: those who wait are told in time, and a later request succeeds", async () => {
  const bed = new TestBed();
  for (let attempt = 0; attempt < 10; attempt++) bed.log.faults.failNext("open", unavailable());
  const answer = bed.send("add", { by: 1 });
  const { stream } = bed.connect();
  await bed.pass(6_000);
  expect([answer.status, stream.endCode]).toEqual(["unavailable", "unavailable"]);
  bed.send("noop");
  await bed.pass(6_000);
  const later = bed.send("add", { by: 1 });
  await bed.pass(6_000);
  expect(later.value.value).toBe("1");
});

test("two hosts that both believe they own a document slow down instead of duelling", async () => {
  const one = new TestBed();
  const two = new TestBed({ nodeId: "host-2", log: one.log, clock: one.clock });
  one.send("add", { by: 1 });
  await one.settle();
  let answered = 0;
  for (let round = 0; round < 40; round++) {
    const answers = [
      one.send("add", { by: 1 }, { marker: `a${round}` }),
      two.send("add", { by: 1 }, { marker: `b${round}` }),
    ];
    await one.pass(250);
    answered += answers.filter((answer) => answer.status === "ok").length;
  }
  await one.pass(30_000);
  const opened = await one.log.open(document, "observer");
  // 10 s of quarrel with a backoff of 50 ms to 5 s: a handful of takeovers each, not one per append.
  expect(opened.epoch).toBeLessThan(60);
  expect(answered).toBeGreaterThan(10);
});

test("a warning from the log drops the copy at once, even without a write", async () => {
  const bed = new TestBed();
  const { stream } = bed.connect();
  await bed.settle();
  bed.routing.name("host-2", 2);
  await bed.log.open(document, "host-2");
  await bed.settle();
  expect(stream.endCode).toBe("moving");
  expect(bed.host.documentCount).toBe(0);
});

test("after an outage in which warnings were lost, a copy that fell behind is found and replaced", async () => {
  const bed = new TestBed();
  const { stream } = bed.connect();
  await bed.settle();
  const quiet = { space: "fake", key: "d1" };
  // A due scan that fails is how the host learns that the log was away.
  const due = bed.log.due.bind(bed.log);
  const watched = bed.log as { due: typeof due };
  watched.due = () => Promise.reject(unavailable());
  await bed.pass(5_000);
  const opened = await bed.log.open(quiet, "host-1");
  const data = new TextEncoder().encode('[{"kind":"add","by":5}]');
  await bed.log.append(quiet, { epoch: opened.epoch, expectedSeq: opened.seq, seq: opened.seq + 1, data });
  expect(stream.view["value"]).toBe(0);
  watched.due = due;
  await bed.pass(5_000);
  expect(stream.view["value"]).toBe(5);
});

test("news of another owner that overtakes the answer to our own opening is not forgotten", async () => {
  const log = new MemoryLogEngine();
  let answer = (): void => {};
  const slow = Object.assign(Object.create(log) as MemoryLogEngine, {
    open: async (name: typeof document, owner: string) => {
      const opened = await log.open(name, owner);
      if (owner === "host-1" && opened.epoch === 1) await new Promise<void>((resolve) => (answer = resolve));
      return opened;
    },
    append: log.append.bind(log),
    watchFenced: log.watchFenced.bind(log),
    due: log.due.bind(log),
    release: log.release.bind(log),
  });
  const bed = new TestBed({ log, logOfHost: slow });
  const { stream } = bed.connect();
  await bed.settle();
  const other = await log.open(document, "host-2");
  const data = new TextEncoder().encode('[{"kind":"create"},{"kind":"add","by":5}]');
  await log.append(document, { epoch: other.epoch, expectedSeq: 0, seq: 2, data });
  await bed.settle();
  answer();
  await bed.pass(1);
  expect(stream.view["value"]).toBe(5);
});

test("a batch that is nobody's and that the log never takes does not keep the host busy", async () => {
  const log = new MemoryLogEngine({}, { recordMaxBytes: 80 });
  const bed = new TestBed({ log, runtime: new FakeRuntime({ logsPresence: true }) });
  const long = { agent: "a".repeat(100), authority: "test" };
  const { stream } = bed.connect({ principal: long });
  await bed.settle();
  expect(stream.endCode).toBe("limit_exceeded");
});
