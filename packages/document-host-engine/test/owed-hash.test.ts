import { expect, test } from "@jest/globals";
import { compileDocument, conformanceDocument } from "@tidewire/document";
import type { WorkGuard } from "../src/index.ts";
import { TestBed } from "./support/test-bed.ts";

const name = { space: "conformance", key: "k1" };

test("a stream that goes silent after frames without a hash is sent one within the interval", async () => {
  const bed = new TestBed({ runtime: compileDocument(conformanceDocument) });
  const { stream } = bed.connect({ name });
  await bed.pass(100);
  bed.send("add", { by: 1 }, { name });
  await bed.pass(100);
  expect(stream.frames.at(-1)!.hash).toBeUndefined();
  const { length } = stream.frames;
  await bed.pass(5_000);
  expect(stream.frames.length).toBe(length + 1);
  expect(stream.frames.at(-1)!.hash).toBeDefined();
  expect(stream.view).toEqual({ "@s": stream.frames.at(-1)!.seq, "@h": stream.frames.at(-1)!.hash });
  await bed.pass(60_000);
  expect(stream.frames.length).toBe(length + 1);
  bed.host.stop();
});

test("a document whose viewers left with a hash owed takes no turns for it", async () => {
  let turns = 0;
  const guard: WorkGuard = {
    run: (work) => {
      // Time stands still within a turn of the scheduler: without a bound, a document with always more to do never ends.
      if (++turns > 1_000) throw new Error("turns without end");
      return work();
    },
  };
  const bed = new TestBed({ runtime: compileDocument(conformanceDocument), guard });
  const { connection, stream } = bed.connect({ name });
  await bed.pass(100);
  bed.send("add", { by: 1 }, { name });
  await bed.pass(100);
  expect(stream.frames.at(-1)!.hash).toBeUndefined();
  connection.cancelled(true);
  await bed.pass(20_000);
  expect(turns).toBeGreaterThan(2);
  expect(turns).toBeLessThan(20);
  bed.host.stop();
});
