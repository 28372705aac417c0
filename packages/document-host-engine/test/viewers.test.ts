import { expect, test } from "@jest/globals";
import { compileDocument, defineDocument, t } from "@tidewire/document";
import { type LogEngine, MemoryLogEngine } from "@tidewire/log-engine";
import { FakeRuntime, jsonOf } from "./support/fake-runtime.ts";
import { alice, blocked, bob, document, TestBed } from "./support/test-bed.ts";

test("the first frame is a snapshot, later ones are deltas, and a commit that shows nothing new sends nothing", async () => {
  const bed = new TestBed();
  const { stream } = bed.connect();
  await bed.settle();
  bed.send("add", { by: 1 });
  await bed.settle();
  bed.send("noop");
  bed.send("fail");
  await bed.settle();
  expect(stream.frames.map((frame) => frame.kind)).toEqual(["snapshot", "delta"]);
});

test("viewers that get the same bytes share one frame", async () => {
  const bed = new TestBed();
  const streams = [bed.connect().stream, bed.connect().stream, bed.connect({ viewState: '{"zoom":2}' }).stream];
  await bed.settle();
  bed.send("add", { by: 1 });
  await bed.settle();
  const [first, second, other] = streams.map((stream) => stream.frames.at(-1)!.data);
  expect(first).toBe(second);
  expect(other).not.toBe(first);
});

test("a viewer the document refuses gets its error, and leaves nothing behind", async () => {
  const bed = new TestBed();
  const { stream } = bed.connect({ principal: blocked });
  const bad = bed.connect({ viewState: '"bad"' });
  await bed.settle();
  expect([stream.endCode, bad.stream.endCode]).toEqual(["forbidden", "invalid_argument"]);
  expect(bed.host.viewerCount).toBe(0);
});

test("a document that is not created on demand is not found", async () => {
  const bed = new TestBed({ runtime: new FakeRuntime({ createsOnDemand: false }) });
  const { stream } = bed.connect();
  const read = bed.get();
  const sent = bed.send("add", { by: 1 });
  await bed.settle();
  expect([stream.endCode, read.status, sent.status]).toEqual(["not_found", "not_found", "not_found"]);
  expect(bed.get(alice, { space: "other", key: "d" }).status).toBe("pending");
});

test("resume with a state that is still current sends nothing again", async () => {
  const bed = new TestBed();
  const first = bed.connect({ id: "v", hashEvery: true });
  await bed.settle();
  const { seq, hash } = first.stream.frames.at(-1)!;
  first.connection.cancelled(true);
  const second = bed.connect({ id: "v", hashEvery: true, resume: { seq, hash: hash! } });
  await bed.settle();
  expect(second.stream.frames).toEqual([]);
  bed.send("add", { by: 1 });
  await bed.settle();
  expect(second.stream.frames.map((frame) => frame.kind)).toEqual(["delta"]);
});

test("resync makes the next frame a snapshot; a check that fails does the same, one that holds does not", async () => {
  const bed = new TestBed();
  const { stream, connection } = bed.connect({ hashEvery: true });
  await bed.settle();
  connection.resync();
  await bed.settle();
  expect(stream.frames.map((frame) => frame.kind)).toEqual(["snapshot", "snapshot"]);
  const { seq, hash } = stream.frames.at(-1)!;
  connection.check(seq, hash!);
  await bed.settle();
  expect(stream.frames.length).toBe(2);
  connection.check(seq, "0000000000000000");
  await bed.settle();
  expect(stream.frames.map((frame) => frame.kind)).toEqual(["snapshot", "snapshot", "snapshot"]);
});

test("checks during an outage wait for durable state, the latest of each viewer, and leave room for reads", async () => {
  const bed = new TestBed({ options: { readsPerDocumentMax: 2 } });
  const viewers = [1, 2, 3, 4].map(() => bed.connect());
  await bed.settle();
  const held = bed.log.faults.holdNext("append");
  bed.send("add", { by: 1 });
  await held.reached;
  for (const { connection } of [...viewers, ...viewers]) connection.check(1, "0000000000000000");
  await bed.pass(1_600);
  expect((await bed.valueOf())["value"]).toBe(0);
  expect(viewers.map(({ stream }) => stream.frames.length)).toEqual([1, 1, 1, 1]);
  held.release();
  await bed.settle();
  expect(viewers.map(({ stream }) => stream.frames.map((frame) => frame.kind).join())).toEqual(
    Array.from({ length: 4 }, () => "snapshot,snapshot"),
  );
});

test("a view state is checked by the document and survives a takeover", async () => {
  const bed = new TestBed();
  const { stream } = bed.connect({ id: "v", viewState: '{"zoom":1}' });
  await bed.settle();
  const updates = ['"bad"', '{"zoom":2}'].map((viewState) =>
    bed.host.updateViewer(document, "v", viewState, bed.context()).then(
      () => "ok",
      (error: { code: string }) => error.code,
    ),
  );
  await bed.settle();
  expect(await Promise.all(updates)).toEqual(["invalid_argument", "ok"]);
  expect(stream.view["viewState"]).toEqual({ zoom: 2 });
  await expect(bed.host.updateViewer(document, "nobody", "{}", bed.context())).rejects.toMatchObject({
    code: "not_found",
  });

  await bed.log.open(document, "host-2");
  await bed.pass(1);
  bed.send("add", { by: 1 });
  await bed.pass(1);
  expect(stream.view).toMatchObject({ value: 1, viewState: { zoom: 2 } });
});

test("a second viewer of the same name replaces the first", async () => {
  const bed = new TestBed();
  const first = bed.connect({ id: "v" });
  await bed.settle();
  const second = bed.connect({ id: "v" });
  await bed.settle();
  expect(first.stream.endCode).toBe("moving");
  expect(second.stream.view["present"]).toEqual(["alice"]);
  expect(bed.host.viewerCount).toBe(1);
});

test("deleting ends the streams with not_found, and the name can be used again", async () => {
  const bed = new TestBed();
  const { stream } = bed.connect();
  bed.send("add", { by: 1 });
  await bed.settle();
  const deleted = bed.host.execute(document, { kind: "delete", principal: alice }, bed.context());
  const recreated = bed.send("add", { by: 5 });
  await bed.settle();
  const { seq } = await deleted;
  expect(stream.endCode).toBe("not_found");
  expect(stream.ended!.error!.retryable).toBe(false);
  expect(recreated.value.seq).toBeGreaterThan(seq);
  expect((await bed.valueOf())["value"]).toBe(5);
});

test("viewers have a bound for the document and for the host", async () => {
  const bed = new TestBed({ options: { viewersPerDocumentMax: 2, viewersMax: 3 } });
  const codes = [1, 2, 3].map(() => bed.connect().stream);
  await bed.settle();
  expect(codes.map((stream) => stream.endCode)).toEqual([undefined, undefined, "overloaded"]);
  bed.connect({ name: { space: "fake", key: "other" } });
  await bed.settle();
  expect(() => bed.connect({ name: { space: "fake", key: "other" } })).toThrow(
    expect.objectContaining({ code: "overloaded" }),
  );
});

test("many viewers that join at once are served over several turns, all of them", async () => {
  const bed = new TestBed();
  const streams = Array.from({ length: 300 }, () => bed.connect({ principal: bob, credit: 2 }).stream);
  await bed.settle();
  expect(streams.every((stream) => stream.frames.length === 1)).toBe(true);
  bed.send("add", { by: 1 });
  await bed.settle();
  expect(streams.every((stream) => stream.view["value"] === 1)).toBe(true);
});

test("a connection that takes no more ends those streams and no others", async () => {
  const bed = new TestBed();
  const { stream } = bed.connect();
  const healthy = bed.connect({ viewState: "{}" }).stream;
  await bed.settle();
  stream.send = () => {
    throw new Error("too much waits");
  };
  bed.send("add", { by: 1 });
  await bed.settle();
  expect(stream.isOpen).toBe(false);
  expect(healthy.view["value"]).toBe(1);
});

test("a viewer whose view has grown beyond its limit is told so; the others go on", async () => {
  const runtime = new FakeRuntime();
  const bed = new TestBed({ runtime });
  const large = bed.connect({ id: "large" });
  const other = bed.connect();
  await bed.settle();
  runtime.opened[0]!.tooLarge.add("large");
  bed.send("add", { by: 1 });
  await bed.settle();
  expect(large.stream.endCode).toBe("limit_exceeded");
  expect(other.stream.view["value"]).toBe(1);
});

test("what a viewer holds without a hash is not taken for an older state that looks like the present one", async () => {
  const name = { space: "lamps", key: "a" };
  const lamp = defineDocument({
    space: "lamps",
    createsOnDemand: true,
    state: { isOn: t.boolean() },
    messages: (message) => ({ set: message(t.boolean(), (doc, isOn) => void (doc.isOn = isOn)) }),
  });
  const log = new MemoryLogEngine();
  const logOfHost = new Proxy<LogEngine>(log, {
    get: (target, name: keyof LogEngine) =>
      name === "watchFenced" ? () => () => {} : (target[name] as (...args: unknown[]) => unknown).bind(target),
  });
  const bed = new TestBed({ log, logOfHost, runtime: compileDocument(lamp) });
  const { stream } = bed.connect({ name });
  await bed.settle();
  const set = async (host: TestBed, isOn: boolean): Promise<void> => {
    const command = { kind: "message", principal: alice, message: "set", arg: String(isOn) } as const;
    const done = host.host.execute(name, command, host.context());
    await host.settle();
    await done;
  };
  await set(bed, true);
  expect(stream.frames.map(({ hash }) => hash !== undefined)).toEqual([true, false]);
  // Another owner turns it off again, which is how it was at the viewer's last hash.
  const other = new TestBed({ nodeId: "host-2", log, clock: bed.clock, runtime: compileDocument(lamp) });
  await set(other, false);
  other.host.stop();
  // The append tells, and the document is read again.
  await set(bed, false);
  expect(stream.frames[2]?.kind).toBe("snapshot");
  expect(jsonOf(stream.frames[2]!.data)).toMatchObject({ isOn: false });
});
