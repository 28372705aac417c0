import { expect, test } from "@jest/globals";
import { type MetricsSink, noMetrics } from "@tidewire/foundation";
import { type LogEngine, MemoryLogEngine } from "@tidewire/log-engine";
import { document, TestBed } from "./support/test-bed.ts";

/** Delegates to whatever log is the present one. */
function switchable(first: LogEngine): { readonly log: LogEngine; switchTo(other: LogEngine): void } {
  let present = first;
  const log = new Proxy(first, {
    get: (_, name) => {
      const value: unknown = Reflect.get(present, name);
      return typeof value === "function" ? value.bind(present) : value;
    },
  });
  return {
    log,
    switchTo: (other) => {
      present = other;
    },
  };
}

test("a log that comes back shorter than the host remembers is reported, and the host follows it", async () => {
  const counted: string[] = [];
  const metrics: MetricsSink = {
    ...noMetrics,
    counter: (name) => ({ add: () => void counted.push(name) }),
  };
  const whole = new MemoryLogEngine();
  const { log, switchTo } = switchable(whole);
  const bed = new TestBed({ log: whole, logOfHost: log, metrics });
  const { stream } = bed.connect();
  bed.send("add", { by: 1 });
  await bed.settle();
  // What a power failure leaves: the log as it was some appends ago.
  const [head] = await whole.heads([document]);
  const { patches } = await whole.read(document, { afterSeq: 0, limit: 100 });
  const shorter = new MemoryLogEngine();
  await shorter.install(document, { epoch: head!.epoch, afterSeq: 0, replaces: true, patches, isDeleted: false });
  bed.send("add", { by: 10 });
  bed.send("add", { by: 100 });
  await bed.settle();
  expect(stream.view["value"]).toBe(111);
  expect(counted).not.toContain("tidewire_document_host_shorter_logs_total");

  switchTo(shorter);
  const after = bed.send("add", { by: 1_000 });
  await bed.settle();
  expect(after.status).toBe("ok");
  expect(counted.filter((name) => name === "tidewire_document_host_shorter_logs_total")).toHaveLength(1);
  expect((await bed.valueOf())["value"]).toBe(1_001);
  // The viewer was ahead of the log: it sees what the log holds.
  expect(stream.view["value"]).toBe(1_001);
});
