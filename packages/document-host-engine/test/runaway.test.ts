import { expect, test } from "@jest/globals";
import { FakeRuntime } from "./support/fake-runtime.ts";
import { alice, bob, TestBed } from "./support/test-bed.ts";

const cutView = { agent: "cut-view", authority: "test" };

test("a command that is cut off fails alone: those before and after it in its batch run on a fresh copy", async () => {
  const bed = new TestBed();
  const { stream } = bed.connect();
  bed.send("add", { by: 1 });
  await bed.settle();
  const answers = [
    bed.send("add", { by: 10 }),
    bed.send("cut"),
    bed.send("add", { by: 100 }),
    bed.send("add", { by: 1_000 }, { marker: "m" }),
  ];
  await bed.settle();
  expect(answers.map((answer) => answer.status)).toEqual(["ok", "handler_failed", "ok", "ok"]);
  expect((await bed.valueOf())["value"]).toBe(1_111);
  expect(stream.view["value"]).toBe(1_111);
  expect(stream.isOpen).toBe(true);
});

test("other documents of the same turn are not touched", async () => {
  const bed = new TestBed();
  const nameOf = (key: string) => ({ space: "fake", key });
  for (const key of ["a", "b", "c"]) bed.send("add", { by: 1 }, { name: nameOf(key) });
  await bed.settle();
  const answers = [
    bed.send("add", { by: 1 }, { name: nameOf("a") }),
    bed.send("cut", {}, { name: nameOf("b") }),
    bed.send("add", { by: 1 }, { name: nameOf("c") }),
  ];
  await bed.settle();
  expect(answers.map((answer) => answer.status)).toEqual(["ok", "handler_failed", "ok"]);
});

test("a view that is cut off fails that read; the document goes on", async () => {
  const bed = new TestBed();
  bed.send("add", { by: 1 });
  await bed.settle();
  const [guilty, innocent] = [bed.get(cutView), bed.get()];
  await bed.settle();
  expect([guilty.status, innocent.status]).toEqual(["handler_failed", "ok"]);
});

test("a timer that is cut off waits, and the document is usable meanwhile", async () => {
  const bed = new TestBed();
  bed.send("after", { ms: 100, label: "cut" });
  await bed.pass(200);
  const sent = bed.send("add", { by: 1 });
  await bed.pass(1);
  expect(sent.status).toBe("ok");
});

test("repeats put the document, and only it, into quarantine for a while", async () => {
  const bed = new TestBed({ options: { runawaysMax: 3, quarantineMs: 30_000 } });
  const { stream } = bed.connect();
  for (let round = 0; round < 3; round++) {
    bed.send("cut");
    await bed.settle();
  }
  expect(stream.endCode).toBe("unavailable");
  const refused = bed.send("add", { by: 1 });
  const other = bed.send("add", { by: 1 }, { name: { space: "fake", key: "other" } });
  await bed.settle();
  expect([refused.status, other.status]).toEqual(["unavailable", "ok"]);
  expect(refused.error.details).toEqual({ reason: "quarantined" });
  expect(refused.error.retryAfterMs).toBe(30_000);
  await bed.pass(31_000);
  const later = bed.send("add", { by: 1 });
  await bed.settle();
  expect(later.status).toBe("ok");
});

test("a document whose opening is cut off answers everybody", async () => {
  const runtime = new FakeRuntime();
  runtime.cutOpeningOf = "d1";
  const bed = new TestBed({ runtime });
  const sent = bed.send("add", { by: 1 });
  const { stream } = bed.connect({ principal: bob });
  const read = bed.get(alice);
  await bed.settle();
  expect([sent.status, read.status]).toEqual(["handler_failed", "handler_failed"]);
  expect(stream.endCode).toBe("handler_failed");
  runtime.cutOpeningOf = undefined;
  expect((await bed.valueOf().catch((error: { code: string }) => error.code)) as unknown).toBe("not_found");
});

test("the guard runs around document code, many documents under one, and never around answers", async () => {
  let runs = 0;
  let isInside = false;
  const bed = new TestBed({
    guard: {
      run: (work) => {
        runs++;
        isInside = true;
        try {
          return work();
        } finally {
          isInside = false;
        }
      },
    },
  });
  const seen: boolean[] = [];
  for (let key = 0; key < 50; key++) {
    const command = { kind: "message", principal: alice, message: "add", arg: '{"by":1}' } as const;
    void bed.host.execute({ space: "fake", key: `k${key}` }, command, bed.context()).then(() => seen.push(isInside));
  }
  await bed.settle();
  expect(seen.length).toBe(50);
  expect(seen.includes(true)).toBe(false);
  expect(runs).toBeLessThan(10);
});
