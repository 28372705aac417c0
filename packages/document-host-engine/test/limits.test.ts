import { expect, test } from "@jest/globals";
import { compileDocument, type DocumentLimits, defineDocument, t } from "@tidewire/document";
import { type MetricsSink, noMetrics } from "@tidewire/foundation";
import { alice, bob, TestBed } from "./support/test-bed.ts";

const name = { space: "bounded", key: "a" };

const definition = defineDocument({
  space: "bounded",
  createsOnDemand: true,
  state: { list: t.list(t.string()), text: t.string() },
  timers: { ring: () => {} },
  messages: (message) => ({
    push: message((doc) => void doc.list.push("x")),
    fill: message((doc) => void (doc.text = "x".repeat(50_000))),
    ring: message((_doc, _arg, ctx) => void ctx.after("1h", "ring")),
    touch: message(() => {}),
  }),
});

test.each<[Partial<DocumentLimits>, string, number]>([
  [{ listItemsMax: 1 }, "push", 1],
  [{ timersMax: 1 }, "ring", 1],
  [{ stateMaxBytes: 20_000 }, "fill", 0],
  [{ argMaxLength: 1 }, "touch", 0],
])("what goes over %j is refused and counted by its name", async (limits, message, allowed) => {
  const counted: object[] = [];
  const metrics: MetricsSink = {
    ...noMetrics,
    counter: (metric) => ({
      add: (_by, labels) => void (metric === "tidewire_document_host_limits_total" && counted.push(labels!)),
    }),
  };
  const bed = new TestBed({ runtime: compileDocument(definition, limits), metrics });
  const answers = Array.from({ length: allowed + 1 }, () => bed.send(message, {}, { name }));
  await bed.settle();
  const limit = Object.keys(limits)[0]!;
  expect(answers.map(({ status }) => status)).toEqual([...Array<string>(allowed).fill("ok"), "limit_exceeded"]);
  expect(answers.at(-1)!.error.details).toEqual({ limit });
  expect(counted).toEqual([{ limit }]);
});

test("viewers and reads that are refused at a limit are counted, too", async () => {
  const counted: object[] = [];
  const metrics: MetricsSink = {
    ...noMetrics,
    counter: (metric) => ({
      add: (_by, labels) => void (metric === "tidewire_document_host_limits_total" && counted.push(labels!)),
    }),
  };
  const bed = new TestBed({ runtime: compileDocument(definition, { viewersMax: 1, viewMaxBytes: 20_000 }), metrics });
  const [first, second] = [bed.connect({ name }), bed.connect({ name })];
  await bed.settle();
  expect([first.stream.isOpen, second.stream.endCode]).toEqual([true, "limit_exceeded"]);
  bed.send("fill", {}, { name });
  await bed.settle();
  expect(first.stream.endCode).toBe("limit_exceeded");
  const read = bed.get(alice, name);
  await bed.settle();
  expect(read.status).toBe("limit_exceeded");
  expect(counted).toEqual([{ limit: "viewersMax" }, { limit: "viewMaxBytes" }, { limit: "viewMaxBytes" }]);
});

test("a document with as many viewers as its host allows refuses the next one as overloaded, not as its caller's fault", async () => {
  const bed = new TestBed({
    runtime: compileDocument(definition, { viewersMax: 1 }),
    options: { viewersPerDocumentMax: 1 },
  });
  const [first, second] = [bed.connect({ name }), bed.connect({ name })];
  await bed.settle();
  expect([first.stream.isOpen, second.stream.endCode]).toEqual([true, "overloaded"]);
  expect(second.stream.ended!.error!.retryable).toBe(true);
});

test("reads that wait for the log count, also when turns have gone by", async () => {
  const bed = new TestBed({ options: { readsPerDocumentMax: 3, appendSlowMs: 60_000 } });
  bed.send("add", { by: 1 });
  await bed.settle();
  const held = bed.log.faults.holdNext("append");
  bed.send("add", { by: 1 });
  await held.reached;
  const reads = [];
  for (let count = 0; count < 5; count++) {
    reads.push(bed.get());
    await bed.settle();
  }
  expect(reads.map(({ status }) => status)).toEqual(["pending", "pending", "pending", "overloaded", "overloaded"]);
  held.release();
  await bed.settle();
  expect(reads.map(({ status }) => status)).toEqual(["ok", "ok", "ok", "overloaded", "overloaded"]);
});

test("a stream whose agent the document refuses from now on ends without what it may not see", async () => {
  const club = defineDocument({
    space: "bounded",
    createsOnDemand: true,
    state: { banned: t.string(), text: t.string() },
    access: { connect: ({ agent }, doc) => agent !== doc.banned },
    messages: (message) => ({
      ban: message(t.string(), (doc, agent) => {
        doc.banned = agent;
        doc.text = "among us";
      }),
    }),
  });
  const bed = new TestBed({ runtime: compileDocument(club) });
  const [hers, his] = [bed.connect({ name }), bed.connect({ name, principal: bob })];
  await bed.settle();
  const sent = bed.host.execute(
    name,
    { kind: "message", principal: alice, message: "ban", arg: JSON.stringify("bob") },
    bed.context(),
  );
  await bed.settle();
  await sent;
  expect([hers.stream.endCode, his.stream.endCode]).toEqual([undefined, "forbidden"]);
  expect([hers.stream.view["text"], his.stream.view["text"], his.stream.frames.length]).toEqual(["among us", "", 1]);
  expect(bed.host.viewerCount).toBe(1);
});
