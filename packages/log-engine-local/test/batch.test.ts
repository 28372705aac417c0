import { describe, expect, test } from "@jest/globals";
import { ServiceError } from "@tidewire/foundation";
import fc from "fast-check";
import { AppendUnderWay } from "../src/append-under-way.ts";
import { offsetOf } from "../src/format/location.ts";
import {
  payloadHolds,
  RECORD_HEADER_BYTES,
  RecordType,
  readHeader,
  recordBytes,
  segmentSalt,
  viewOf,
  writeHeader,
} from "../src/format/record.ts";
import { DocumentIndex } from "../src/index/document-index.ts";
import { PendingWrites } from "../src/index/pending-writes.ts";
import { SegmentTable } from "../src/index/segment-table.ts";
import { Batch } from "../src/wal/batch.ts";

const salt = segmentSalt("0".repeat(32), 7);
const START = 4_096;

interface Written {
  readonly data: Uint8Array;
  readonly wakeAt: number | undefined;
}

function start(): { readonly index: DocumentIndex; readonly batch: Batch } {
  const segments = new SegmentTable();
  segments.add(7, "log", START);
  // As it comes back from the batch before: full of old bytes, and too small.
  const batch = new Batch({ segmentId: 7, salt, startOffset: START }, 0, Buffer.alloc(200, 0xff));
  return { index: new DocumentIndex(segments, 100), batch };
}

/** Appends of one document, queued as the engine does it. */
function queue({ index, batch }: ReturnType<typeof start>, written: readonly Written[]): AppendUnderWay[] {
  const entry = index.create({ space: "some-space", key: "one" });
  return written.map(({ data, wakeAt }, at) => {
    const pending = (entry.pending ??= new PendingWrites(entry));
    const type = wakeAt === undefined ? RecordType.patch : RecordType.timedPatch;
    const append = new AppendUnderWay(index, entry, { type, epoch: 3, seq: at + 1, span: 1, wakeAt });
    batch.addAppend(append, data);
    pending.seq = append.seq;
    pending.beginAppend(append);
    return append;
  });
}

const someAppends = fc.array(
  fc.record({
    data: fc.uint8Array({ maxLength: 300 }),
    wakeAt: fc.option(fc.maxSafeNat(), { nil: undefined }),
  }),
  { minLength: 1, maxLength: 12 },
);

describe("A batch", () => {
  test("holds its appends as they are told, whatever its buffer held before", () => {
    fc.assert(
      fc.property(someAppends, (written) => {
        const started = start();
        const appends = queue(started, written);
        const bytes = Buffer.from(started.batch.bytes);
        let end = 0;
        for (const [at, append] of appends.entries()) {
          const offset = offsetOf(append.location) - START;
          expect(offset).toBe(end);
          end = offset + recordBytes(append.length);
          const header = readHeader(bytes, offset, salt)!;
          const { type, epoch, seq, span, length, payloadCrc, documentId } = append;
          const place = { salt, batchStart: START, isKnown: true };
          expect(header).toEqual({ type, epoch, seq, span, length, payloadCrc, documentId, ...place });
          expect(payloadHolds(bytes, offset, header)).toBe(true);
          const { data, wakeAt } = written[at]!;
          const time = Buffer.alloc(wakeAt === undefined ? 0 : 8);
          if (wakeAt !== undefined) time.writeBigUInt64LE(BigInt(wakeAt));
          const payloadEnd = offset + RECORD_HEADER_BYTES + length;
          expect(bytes.subarray(offset + RECORD_HEADER_BYTES, payloadEnd)).toEqual(Buffer.concat([time, data]));
          expect(bytes.subarray(payloadEnd, end).every((byte) => byte === 0)).toBe(true);
        }
        expect(end).toBe(bytes.length);
        expect([started.batch.appends, started.batch.appendedBytes]).toEqual([
          written.length,
          appends.reduce((sum, { length }) => sum + length, 0),
        ]);
      }),
    );
  });

  test("answers nobody before all of it has taken effect", async () => {
    const started = start();
    const patch = { data: Buffer.from("patch"), wakeAt: undefined };
    const appends = queue(started, [patch, patch, patch]);
    const entry = started.index.find({ space: "some-space", key: "one" })!;
    const answered = appends.map(({ settled }) => settled.then(() => entry.seq));
    expect(entry.seq).toBe(0);
    started.batch.commit();
    expect(await Promise.all(answered)).toEqual([3, 3, 3]);
    expect(entry.pending).toBeUndefined();
    expect(entry.patches.count).toBe(3);
  });

  test("fails as a whole", async () => {
    const started = start();
    const patch = { data: Buffer.from("patch"), wakeAt: undefined };
    const appends = queue(started, [patch, patch]);
    const entry = started.index.find({ space: "some-space", key: "one" })!;
    const refusal = new ServiceError("unavailable", "the disk fails");
    const refused = appends.map(({ settled }) => expect(settled).rejects.toBe(refusal));
    started.batch.fail(refusal);
    await Promise.all(refused);
    expect([entry.seq, entry.pending, entry.patches.count]).toEqual([0, undefined, 0]);
  });

  test("without appends has nobody to tell", () => {
    const { batch } = start();
    batch.add({ type: RecordType.time, documentId: 0, seq: 0, epoch: 0, span: 0, payload: Buffer.alloc(8) });
    // A promise that nobody waits for would end the process here.
    batch.fail(new ServiceError("unavailable", "the disk fails"));
    expect(batch.appends).toBe(0);
  });
});

test("a number that does not fit its field is refused, not cut", () => {
  const header = { type: RecordType.patch, documentId: 1, seq: 1, epoch: 1, span: 1 };
  for (const field of ["documentId", "epoch", "span"] as const) {
    for (const value of [2 ** 32, -1, 1.5, Number.NaN]) {
      const write = (): void =>
        writeHeader(
          viewOf(Buffer.alloc(40)),
          0,
          { ...header, [field]: value },
          { salt, batchStart: 0 },
          { length: 0, crc: 0 },
        );
      expect(write).toThrow(RangeError);
    }
  }
});
