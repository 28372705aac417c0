import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import type { ReadableFile } from "../src/files/file-system.ts";
import { RecordType, segmentSalt } from "../src/format/record.ts";
import { SEGMENT_HEADER_BYTES } from "../src/format/segment-header.ts";
import { ReadAhead } from "../src/recovery/read-ahead.ts";
import { type ScanStep, SegmentScan, scanSegment } from "../src/recovery/segment-scan.ts";
import { Batch } from "../src/wal/batch.ts";

const salt = segmentSalt("0".repeat(32), 1);

/** A segment of batches with payloads of these lengths. */
function segmentOf(batches: readonly (readonly number[])[]): Buffer {
  const pieces: Buffer[] = [Buffer.alloc(SEGMENT_HEADER_BYTES)];
  let startOffset = SEGMENT_HEADER_BYTES;
  let seq = 0;
  for (const lengths of batches) {
    const batch = new Batch({ segmentId: 1, salt, startOffset }, 0, Buffer.alloc(1));
    for (const length of lengths) {
      const payload = Buffer.alloc(length, ++seq);
      batch.add({ type: RecordType.patch, documentId: 1, seq, epoch: 1, span: 1, payload });
    }
    pieces.push(Buffer.from(batch.bytes));
    startOffset = batch.endOffset;
  }
  return Buffer.concat(pieces);
}

function fileOf(bytes: Buffer): ReadableFile {
  return {
    read: async (buffer, offset, length, position) => {
      // Not all at once, as a disk may.
      const piece = bytes.subarray(position, position + Math.min(length, 300));
      buffer.set(piece, offset);
      return piece.length;
    },
    close: async () => {},
  };
}

describe("a segment that is read while it is scanned", () => {
  test("is found to hold what it holds when it is read at once, whatever the buffer held before", async () => {
    const lengths = fc.array(fc.array(fc.nat(900), { maxLength: 8 }), { minLength: 1, maxLength: 8 });
    const flips = fc.array(fc.nat(), { maxLength: 3 });
    const flaws = new Set<ScanStep["kind"]>();
    let waits = 0;
    await fc.assert(
      fc.asyncProperty(
        lengths,
        flips,
        fc.boolean(),
        fc.integer({ min: 40, max: 2_000 }),
        async (batches, bits, mayBeTorn, pieceBytes) => {
          const bytes = segmentOf(batches);
          const others = bytes.length - SEGMENT_HEADER_BYTES;
          for (const bit of others === 0 ? [] : bits) bytes[SEGMENT_HEADER_BYTES + (bit % others)]! ^= 1 << (bit & 7);
          const range = { salt, from: SEGMENT_HEADER_BYTES, end: bytes.length, mayBeTorn };
          const expected = [...scanSegment(bytes, range)].map(({ kind, offset }) => ({ kind, offset }));
          for (const { kind } of expected) flaws.add(kind);

          const stale = segmentOf([[10, 500, 0], [700, 3], ...batches]);
          const target = Buffer.alloc(bytes.length);
          stale.copy(target);
          const ahead = new ReadAhead(fileOf(bytes), target, range.from, pieceBytes);
          const scan = new SegmentScan(target, range);
          scan.readBytes = ahead.readBytes;
          const found: { kind: ScanStep["kind"]; offset: number }[] = [];
          for (let kind = scan.next(); kind !== "end"; kind = scan.next()) {
            if (kind !== "more") {
              found.push({ kind, offset: scan.offset });
              continue;
            }
            waits++;
            await ahead.next();
            scan.readBytes = ahead.readBytes;
          }
          await ahead.settled();
          expect(found).toEqual(expected);
        },
      ),
    );
    expect([...flaws].sort()).toEqual(["damage", "record", "torn"]);
    expect(waits).toBeGreaterThan(100);
  });

  test("fails with what the disk says, and lets its file be closed after that", async () => {
    const failing: ReadableFile = {
      read: () => Promise.reject(Object.assign(new Error("bad sector"), { code: "EIO" })),
      close: async () => {},
    };
    const ahead = new ReadAhead(failing, Buffer.alloc(10_000), SEGMENT_HEADER_BYTES);
    await expect(ahead.next()).rejects.toThrow("bad sector");
    await ahead.settled();
  });
});
