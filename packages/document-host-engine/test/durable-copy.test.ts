import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { CopyAllowance, DurableCopy } from "../src/durable-copy.ts";
import { LogTail } from "../src/log-tail.ts";

const empty = { epoch: 1, seq: 0, isDeleted: false, patches: [] };
const bytes = (length: number) => new Uint8Array(length);

test("it holds what the log holds, through appends, snapshots and deletions", () => {
  const copy = new DurableCopy(empty, new CopyAllowance(1_000), 1_000);
  copy.appended(1, bytes(10), false);
  copy.appended(2, bytes(20), false);
  copy.appended(3, bytes(30), false);
  expect(copy.stored()).toEqual({ seq: 3, isDeleted: false, patches: [bytes(10), bytes(20), bytes(30)] });
  copy.snapshotWritten(2, bytes(5));
  expect(copy.stored()).toEqual({ seq: 3, isDeleted: false, snapshot: bytes(5), patches: [bytes(30)] });
  copy.appended(4, bytes(1), true);
  expect(copy.stored()).toEqual({ seq: 4, isDeleted: true, patches: [], deletion: bytes(1) });
  // A snapshot that was on its way when the document was deleted.
  copy.snapshotWritten(3, bytes(50));
  expect(copy.stored()).toEqual({ seq: 4, isDeleted: true, patches: [], deletion: bytes(1) });
});

test("too large, it is given up; a snapshot of the newest state brings it back, an older one does not", () => {
  const copy = new DurableCopy(empty, new CopyAllowance(1_000), 25);
  copy.appended(1, bytes(20), false);
  copy.appended(2, bytes(20), false);
  expect([copy.isKept, copy.stored()]).toEqual([false, undefined]);
  copy.appended(3, bytes(1), false);
  copy.snapshotWritten(2, bytes(5));
  expect(copy.isKept).toBe(false);
  copy.snapshotWritten(3, bytes(5));
  copy.appended(4, bytes(1), false);
  expect(copy.stored()).toEqual({ seq: 4, isDeleted: false, snapshot: bytes(5), patches: [bytes(1)] });
});

test("whatever happens, what is shared is what is held, and nothing is held after closing", () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant("append" as const), size: fc.nat(40), deletes: fc.boolean() }),
    fc.record({ kind: fc.constant("snapshot" as const), size: fc.nat(40), behind: fc.nat(3) }),
    fc.record({ kind: fc.constant("close" as const) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const allowance = new CopyAllowance(100);
      const copy = new DurableCopy(empty, allowance, 80);
      let seq = 0;
      for (const step of steps) {
        if (step.kind === "append") copy.appended(++seq, bytes(step.size), step.deletes);
        else if (step.kind === "snapshot") copy.snapshotWritten(Math.max(0, seq - step.behind), bytes(step.size));
        else copy.close();
        const stored = copy.stored();
        const { snapshot, deletion, patches = [] } = stored ?? {};
        const held = [snapshot, deletion, ...patches].reduce((sum, part) => sum + (part?.length ?? 0), 0);
        expect(allowance.usedBytes).toBe(held);
      }
      copy.close();
      copy.snapshotWritten(seq, bytes(1));
      expect(allowance.usedBytes).toBe(0);
    }),
  );
});

test("a tail is long by its patches, or by its bytes once they outweigh the snapshot", () => {
  const policy = { snapshotTailPatches: 3, snapshotTailMinBytes: 100 };
  const byCount = new LogTail(empty, policy);
  for (let patch = 0; patch < 2; patch++) byCount.appended(1);
  expect(byCount.isLong).toBe(false);
  byCount.appended(1);
  expect(byCount.isLong).toBe(true);
  const mark = byCount.mark();
  byCount.appended(1);
  byCount.snapshotWritten(mark, 500);
  expect(byCount.isLong).toBe(false);
  byCount.appended(400);
  expect(byCount.isLong).toBe(false);
  byCount.appended(100);
  expect(byCount.isLong).toBe(true);
  byCount.deleted();
  byCount.snapshotWritten(mark, 1);
  expect(byCount.isLong).toBe(false);
});
