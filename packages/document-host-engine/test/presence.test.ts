import { expect, test } from "@jest/globals";
import { compileDocument, defineDocument, t } from "@tidewire/document";
import { SeededRandom } from "@tidewire/foundation";
import { FakeRuntime } from "./support/fake-runtime.ts";
import { alice, bob, document, TestBed } from "./support/test-bed.ts";

const carol = { agent: "carol", authority: "test" };

const bedWithPresence = () => new TestBed({ runtime: new FakeRuntime({ logsPresence: true }) });

test("the first viewer of an agent connects it, further ones do not", async () => {
  const bed = bedWithPresence();
  bed.connect();
  bed.connect();
  bed.connect({ principal: bob });
  await bed.settle();
  bed.connect();
  await bed.settle();
  expect((await bed.valueOf())["entries"]).toEqual(["+alice", "+bob"]);
});

test("a viewer sees nothing before its agent's connect is durable", async () => {
  const bed = bedWithPresence();
  const held = bed.log.faults.holdNext("append");
  const { stream } = bed.connect();
  await held.reached;
  await bed.settle();
  expect(stream.frames).toEqual([]);
  held.release();
  await bed.settle();
  expect(stream.view["entries"]).toEqual(["+alice"]);
});

test("the last viewer that leaves in order disconnects its agent at once", async () => {
  const bed = bedWithPresence();
  const viewers = [bed.connect(), bed.connect()];
  await bed.settle();
  viewers[0]!.connection.cancelled(true);
  await bed.settle();
  expect((await bed.valueOf(bob))["entries"]).toEqual(["+alice"]);
  viewers[1]!.connection.cancelled(true);
  await bed.settle();
  expect((await bed.valueOf(bob))["entries"]).toEqual(["+alice", "-alice"]);
});

test("a viewer whose connection broke has a grace to come back before its agent counts as gone", async () => {
  const bed = bedWithPresence();
  bed.connect().connection.cancelled(false);
  await bed.settle();
  const { connection } = bed.connect();
  await bed.settle();
  connection.cancelled(false);
  await bed.pass(4_000);
  const back = bed.connect();
  await bed.settle();
  expect((await bed.valueOf(bob))["entries"]).toEqual(["+alice"]);
  back.connection.cancelled(false);
  await bed.pass(6_000);
  expect((await bed.valueOf(bob))["entries"]).toEqual(["+alice", "-alice"]);
});

test("a viewer that leaves before it was ever let in is never announced", async () => {
  const bed = bedWithPresence();
  const held = bed.log.faults.holdNext("open");
  const { connection } = bed.connect();
  await held.reached;
  connection.cancelled(true);
  held.release();
  bed.send("add", { by: 1 });
  await bed.settle();
  expect((await bed.valueOf())["entries"]).toEqual([]);
});

test("an agent that leaves and comes back while an append is in flight ends up connected", async () => {
  const bed = bedWithPresence();
  const { connection } = bed.connect();
  await bed.settle();
  const held = bed.log.faults.holdNext("append");
  connection.cancelled(true);
  await held.reached;
  const { stream } = bed.connect();
  await bed.settle();
  held.release();
  await bed.settle();
  expect(stream.view["entries"]).toEqual(["+alice", "-alice", "+alice"]);
});

test("presence in the view follows the viewers, without a commit", async () => {
  const bed = new TestBed();
  const { stream } = bed.connect();
  const other = bed.connect({ principal: bob });
  await bed.settle();
  expect(stream.view["present"]).toEqual(["alice", "bob"]);
  const { seq } = stream.frames.at(-1)!;
  other.connection.cancelled(true);
  await bed.settle();
  expect(stream.view["present"]).toEqual(["alice"]);
  expect(stream.frames.at(-1)!.seq).toBe(seq);
  const { patches } = await bed.log.read(document, { afterSeq: 0, limit: 10 });
  expect(patches.length).toBe(1);
});

test("after a crash those who come back in time are not announced again, and the others are missed", async () => {
  const bed = bedWithPresence();
  bed.connect();
  bed.connect({ principal: bob });
  await bed.settle();
  bed.host.stop();
  const next = new TestBed({
    runtime: new FakeRuntime({ logsPresence: true }),
    nodeId: "host-2",
    log: bed.log,
    clock: bed.clock,
  });
  const { stream } = next.connect();
  await next.pass(4_000);
  expect(stream.view["entries"]).toEqual(["+alice", "+bob"]);
  await next.pass(2_000);
  expect(stream.view["entries"]).toEqual(["+alice", "+bob", "-bob"]);
});

test("a takeover by the same host announces nobody twice", async () => {
  const bed = bedWithPresence();
  const { stream } = bed.connect();
  await bed.settle();
  await bed.log.open(document, "host-2");
  await bed.pass(1);
  bed.send("add", { by: 1 });
  await bed.pass(1);
  expect(stream.view).toMatchObject({ value: 1, entries: ["+alice"] });
});

test("a document waits for the grace of its last agent before it is unloaded, and tells that it left", async () => {
  const runtime = new FakeRuntime({ logsPresence: true });
  const bed = new TestBed({ runtime, options: { idleUnloadMs: 100, reattachGraceMs: 5_000 } });
  const { connection } = bed.connect();
  await bed.settle();
  connection.cancelled(false);
  await bed.pass(3_000);
  expect(bed.host.documentCount).toBe(1);
  await bed.pass(4_000);
  expect(bed.host.documentCount).toBe(0);
  expect((await bed.valueOf(bob))["entries"]).toEqual(["+alice", "-alice"]);
});

test("what is shown depending on who is connected is logged at once, so that a crash does not set back what a newcomer is told", async () => {
  const name = { space: "doors", key: "a" };
  const door = defineDocument({
    space: "doors",
    createsOnDemand: true,
    state: { title: t.string(), lever: t.int().private() },
    views: {
      seen: (doc, { principal }) =>
        principal.agent === "alice" && doc.presence.agents.includes("bob") ? doc.lever : undefined,
    },
    messages: (message) => ({ pull: message((doc) => void doc.lever++) }),
  });
  const runtime = compileDocument(door, {}, { random: new SeededRandom(3) });
  const bed = new TestBed({ runtime });
  const { stream } = bed.connect({ name });
  await bed.settle();
  const pull = { kind: "message", principal: alice, message: "pull" } as const;
  const pulled = bed.host.execute(name, pull, bed.context());
  await bed.settle();
  await pulled;
  const { connection } = bed.connect({ name, principal: bob });
  await bed.settle();
  connection.cancelled(true);
  await bed.settle();
  expect(stream.frames.length).toBeGreaterThan(2);
  const told = bed.get(carol, name);
  await bed.settle();
  expect(told.value.seq).toBe(2);
  // It is not handed over: what is not in the log by now is lost.
  const next = new TestBed({ nodeId: "host-2", log: bed.log, clock: bed.clock, runtime });
  const after = next.get(carol, name);
  await next.settle();
  expect(after.value.seq).toBe(2);
});
