import { expect, test } from "@jest/globals";
import { compileDocument, defineDocument, t } from "@tidewire/document";
import { jsonOf } from "./support/fake-runtime.ts";
import { alice, bob, TestBed } from "./support/test-bed.ts";
import type { TestStream } from "./support/test-stream.ts";

const name = { space: "counter", key: "a" };
const state = { count: t.int(), label: t.string() };

interface Code {
  readonly step: number;
  /** Makes it version 2. */
  readonly migration?: "labels" | "throws";
}

const counter = ({ step, migration }: Code) =>
  compileDocument(
    defineDocument({
      space: "counter",
      version: migration === undefined ? 1 : 2,
      createsOnDemand: true,
      state,
      computed: { step: () => step },
      messages: (message) => ({
        bump: message((doc) => (doc.count += step)),
      }),
      migrate: {
        1: (doc) => {
          if (migration === "throws") throw new Error("no way");
          doc.label = "migrated";
        },
      },
    }),
  );

/** What a client holds: the state is flat, so a delta is laid over what was there. */
const heldBy = ({ frames }: TestStream): object =>
  frames.reduce((held, { kind, data }) => ({ ...(kind === "snapshot" ? {} : held), ...(jsonOf(data) as object) }), {});

async function running(code: Code = { step: 1 }) {
  const bed = new TestBed({ runtime: counter(code) });
  const { stream } = bed.connect({ name, hashEvery: true });
  const bump = () => bed.send("bump", {}, { name });
  bump();
  await bed.settle();
  expect(heldBy(stream)).toMatchObject({ count: 1, step: 1 });
  return { bed, stream, bump };
}

test("a loaded document goes on under new code with its state, and its viewers notice nothing but the change", async () => {
  const { bed, stream, bump } = await running();
  const frames = stream.frames.length;
  const replaced = bed.host.replaceRuntime(counter({ step: 10 }));
  await bed.settle();
  expect(await replaced).toEqual({ documents: 1, refused: [] });
  expect(stream.isOpen).toBe(true);
  // What the viewer holds is resumed: one delta with the computed value of the new code.
  expect(stream.frames.slice(frames).map(({ kind }) => kind)).toEqual(["delta"]);
  expect(heldBy(stream)).toMatchObject({ count: 1, step: 10 });
  bump();
  await bed.settle();
  expect(heldBy(stream)).toMatchObject({ count: 11 });
  // What is opened from now on runs it as well.
  const other = { space: "counter", key: "b" };
  const sent = bed.send("bump", {}, { name: other });
  await bed.settle();
  expect(sent.value.value).toBe("10");
});

test("what is in flight or waiting is answered: by the code that ran it, or by the new", async () => {
  const { bed, stream, bump } = await running();
  const held = bed.log.faults.holdNext("append");
  const inFlight = bump();
  await held.reached;
  const waiting = bump();
  const replaced = bed.host.replaceRuntime(counter({ step: 10 }));
  await bed.settle();
  expect([inFlight.status, waiting.status]).toEqual(["pending", "pending"]);
  held.release();
  await bed.settle();
  await replaced;
  await bed.settle();
  expect([inFlight.value.value, waiting.value.value]).toEqual(["2", "12"]);
  expect(heldBy(stream)).toMatchObject({ count: 12 });
});

test("under constant load there is still a durable point at which it happens", async () => {
  const { bed, stream, bump } = await running();
  const pump = (left: number): void => {
    if (left === 0) return;
    const sent = bed.host.execute(name, { kind: "message", principal: bob, message: "bump" }, bed.context());
    void sent.then(() => pump(left - 1));
  };
  for (let index = 0; index < 5; index++) pump(20);
  const replaced = bed.host.replaceRuntime(counter({ step: 1_000 }));
  await bed.pass(100);
  expect(await replaced).toEqual({ documents: 1, refused: [] });
  await bed.pass(100);
  bump();
  await bed.settle();
  expect((heldBy(stream) as { count: number }).count).toBeGreaterThan(1_000);
});

test("a new version migrates what is loaded, and viewers follow", async () => {
  const { bed, stream } = await running();
  const replaced = bed.host.replaceRuntime(counter({ step: 2, migration: "labels" }));
  await bed.settle();
  expect(await replaced).toEqual({ documents: 1, refused: [] });
  expect(heldBy(stream)).toMatchObject({ count: 1, label: "migrated", step: 2 });
});

test("a document that cannot be opened under the new code goes on under the old, and says why", async () => {
  const { bed, stream, bump } = await running();
  const replaced = bed.host.replaceRuntime(counter({ step: 10, migration: "throws" }));
  await bed.settle();
  const { documents, refused } = await replaced;
  expect(documents).toBe(1);
  expect(refused.map(({ document, error }) => [document, error.code])).toEqual([[name, "handler_failed"]]);
  bump();
  await bed.settle();
  expect(stream.isOpen).toBe(true);
  expect(heldBy(stream)).toMatchObject({ count: 2, step: 1 });
  // Mended code is taken.
  const mended = bed.host.replaceRuntime(counter({ step: 10, migration: "labels" }));
  await bed.settle();
  expect((await mended).refused).toEqual([]);
  bump();
  await bed.settle();
  expect(heldBy(stream)).toMatchObject({ count: 12 });
});

test("code that is cut off while it opens a document is left again", async () => {
  let isCut = false;
  const cutting = counter({ step: 10 });
  const open: typeof cutting.open = (document, stored) => {
    if (isCut) throw new Error("cut off");
    return cutting.open(document, stored);
  };
  const { bed, stream, bump } = await running();
  isCut = true;
  const replaced = bed.host.replaceRuntime({ ...cutting, open });
  await bed.settle();
  expect((await replaced).refused).toHaveLength(1);
  bump();
  await bed.settle();
  expect(heldBy(stream)).toMatchObject({ count: 2, step: 1 });
});

test("documents that are not loaded, or leave meanwhile, keep nobody waiting", async () => {
  const { bed } = await running();
  const drained = bed.host.drain();
  const replaced = bed.host.replaceRuntime(counter({ step: 10 }));
  await bed.pass(1_000);
  await drained;
  expect((await replaced).refused).toEqual([]);
  const next = new TestBed({ runtime: counter({ step: 10 }), log: bed.log, clock: bed.clock, nodeId: "host-2" });
  const read = next.get(alice, name);
  await next.settle();
  expect(jsonOf(read.value.json)).toMatchObject({ count: 1, step: 10 });
});
