import { crc32 } from "node:zlib";
import { describe, expect, test } from "@jest/globals";
import type { MsgHdrs } from "@nats-io/nats-core";
import fc from "fast-check";
import { fold, MissingRecords } from "../src/document-fold.ts";
import { DueEntries } from "../src/due-entries.ts";
import { isOlder, judgeServer } from "../src/gate.ts";
import { Layout } from "../src/layout.ts";
import {
  chunkedBody,
  DamagedRecord,
  parseRecord,
  parseSnapshot,
  type RecordHead,
  recordHeaders,
  type StoredMessage,
  type StoredRecord,
  snapshotHeaders,
} from "../src/record.ts";

const MAX_PAYLOAD = 1024 * 1024;

describe("the gate", () => {
  test("refuses replicas on servers whose compare-and-set is broken there, and takes one replica", () => {
    for (const version of ["2.9.10", "2.9.20", "2.10.22", "2.10.0-RC.1"]) {
      expect(judgeServer({ version, maxPayload: MAX_PAYLOAD }, 3).refusals.join()).toContain("compare-and-set");
      expect(judgeServer({ version, maxPayload: MAX_PAYLOAD }, 1).refusals).toEqual([]);
    }
    for (const version of ["2.10.23", "2.11.0", "2.12.3", "2.15.2", "3.0.0"]) {
      expect(judgeServer({ version, maxPayload: MAX_PAYLOAD }, 3).refusals).toEqual([]);
    }
  });

  test("warns below 2.12.3, and refuses what is too old or takes too little", () => {
    expect(judgeServer({ version: "2.12.2", maxPayload: MAX_PAYLOAD }, 3).warnings).toHaveLength(1);
    expect(judgeServer({ version: "2.12.3", maxPayload: MAX_PAYLOAD }, 3).warnings).toEqual([]);
    expect(judgeServer({ version: "2.8.4", maxPayload: MAX_PAYLOAD }, 1).refusals.join()).toContain("too old");
    expect(judgeServer({ version: "2.12.3", maxPayload: 1024 }, 1).refusals.join()).toContain("max_payload");
  });

  test("orders versions by their numbers", () => {
    expect(isOlder("2.9.10", "2.10.0")).toBe(true);
    expect(isOlder("2.10.23", "2.10.23")).toBe(false);
    expect(isOlder("2.10.100", "2.10.23")).toBe(false);
    expect(isOlder("unknown", "2.9.0")).toBe(true);
  });
});

describe("the layout", () => {
  test("gives every document places of its own, and finds it again by its subject", () => {
    const layout = new Layout("ns", 16);
    const name = fc.record({
      space: fc.stringMatching(/^[a-z][a-z0-9-]{2,62}$/),
      key: fc.stringMatching(/^[A-Za-z0-9._-]{1,511}$/),
    });
    fc.assert(
      fc.property(name, (document) => {
        const { documentSubject, documentStream } = layout.places(document);
        expect(documentSubject).toMatch(/^ns\.doc\.\d\d\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/);
        expect(documentStream).toBe(`ns_DOC_${documentSubject.split(".")[2]}`);
        expect(layout.documentOf(documentSubject)).toEqual(document);
      }),
    );
  });
});

describe("records", () => {
  const text = fc.string({ minLength: 1, maxLength: 64 });
  const number = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
  const head: fc.Arbitrary<RecordHead> = fc
    .record(
      {
        kind: fc.constantFrom("append" as const, "epoch" as const, "release" as const, "install" as const),
        epoch: number,
        seq: number,
        expectedSeq: number,
        lineage: number,
        baseSeq: number,
        restsOnSnapshot: fc.boolean(),
        isDeleted: fc.boolean(),
        wakeAt: number,
        owner: text,
        takenFrom: text,
      },
      {
        requiredKeys: ["kind", "epoch", "seq", "expectedSeq", "lineage", "baseSeq", "restsOnSnapshot", "isDeleted"],
      },
    )
    .map((each) => (each.kind === "append" ? each : { ...each, expectedSeq: each.seq }));

  test("come back as they were written, inline and in chunks", () => {
    fc.assert(
      fc.property(head, fc.uint8Array(), fc.array(fc.integer({ min: 1 }), { maxLength: 3 }), (each, data, chunks) => {
        const payload = { chunks, size: data.length, crc: crc32(data) };
        const body = chunks.length === 0 ? data : chunkedBody(payload);
        const message = { seq: 7, writtenAt: 3, headers: recordHeaders(each, payload), data: body };
        expect(parseRecord(message)).toEqual({ ...each, streamSeq: 7, writtenAt: 3, payload, body });
      }),
    );
  });

  test("notice a change of any header and of the payload", () => {
    const data = Buffer.from("patch");
    const record: RecordHead = {
      kind: "append",
      epoch: 3,
      seq: 9,
      expectedSeq: 8,
      lineage: 1,
      baseSeq: 4,
      restsOnSnapshot: true,
      isDeleted: false,
      wakeAt: 5,
      owner: "host-a",
    };
    const payload = { chunks: [], size: data.length, crc: crc32(data) };
    const message = (change: (headers: MsgHdrs) => void, body = data): StoredMessage => {
      const headers = recordHeaders(record, payload);
      change(headers);
      return { seq: 1, writtenAt: 0, headers, data: body };
    };
    expect(parseRecord(message(() => {})).seq).toBe(9);
    for (const name of [
      "Doc-Kind",
      "Doc-Epoch",
      "Doc-Seq",
      "Doc-Prev",
      "Doc-Lineage",
      "Doc-Base",
      "Doc-Wake",
      "Doc-Owner",
    ]) {
      expect(() => parseRecord(message((headers) => headers.set(name, "2")))).toThrow(DamagedRecord);
      expect(() => parseRecord(message((headers) => headers.delete(name)))).toThrow(DamagedRecord);
    }
    expect(() => parseRecord(message((headers) => headers.delete("Doc-Rests")))).toThrow(DamagedRecord);
    expect(() => parseRecord(message((headers) => headers.set("Doc-Deleted", "1")))).toThrow(DamagedRecord);
    expect(() => parseRecord(message((headers) => headers.set("Doc-Epoch", "1e3")))).toThrow(DamagedRecord);
    expect(() => parseRecord(message(() => {}, Buffer.from("Patch")))).toThrow(DamagedRecord);
  });

  test("are written as FORMAT.md says", () => {
    const data = Buffer.from("patch");
    const payload = { chunks: [], size: data.length, crc: crc32(data) };
    const append: RecordHead = {
      kind: "append",
      epoch: 3,
      seq: 9,
      expectedSeq: 8,
      lineage: 0,
      baseSeq: 0,
      restsOnSnapshot: false,
      isDeleted: false,
      wakeAt: 1_700_000_000_000,
      owner: "host-a",
    };
    expect(linesOf(recordHeaders(append, payload))).toEqual([
      "Doc-Kind: append",
      "Doc-Epoch: 3",
      "Doc-Seq: 9",
      "Doc-Prev: 8",
      "Doc-Wake: 1700000000000",
      "Doc-Owner: aG9zdC1h",
      "Doc-Crc: 29b56772",
    ]);
    const snapshot = { epoch: 3, seq: 9, lineage: 0, recordStreamSeq: 41 };
    expect(linesOf(snapshotHeaders(snapshot, payload))).toEqual([
      "Snap-Seq: 9",
      "Snap-Epoch: 3",
      "Snap-Record: 41",
      "Snap-Crc: 7fc63f0a",
    ]);
    const message = { seq: 2, writtenAt: 0, headers: snapshotHeaders(snapshot, payload), data };
    expect(parseSnapshot(message)).toMatchObject({ ...snapshot, payload });
  });
});

describe("putting records together", () => {
  const record = (streamSeq: number, more: Partial<StoredRecord>): StoredRecord => {
    const seq = more.seq ?? 0;
    const place = { streamSeq, writtenAt: 0, payload: { chunks: [], size: 0, crc: 0 }, body: Buffer.alloc(0) };
    const rest = { lineage: 0, baseSeq: 0, restsOnSnapshot: false, isDeleted: false };
    return { kind: "append", epoch: 1, seq, expectedSeq: seq - 1, ...rest, ...place, ...more };
  };
  const epoch = (streamSeq: number, number: number, seq: number): StoredRecord =>
    record(streamSeq, { kind: "epoch", epoch: number, seq, expectedSeq: seq });

  test("takes what follows", () => {
    const folded = fold([epoch(1, 1, 0), record(2, { seq: 1 }), epoch(3, 2, 1), record(4, { seq: 2, epoch: 2 })]);
    expect(folded).toMatchObject({
      state: { seq: 2, epoch: 2, streamSeq: 4 },
      beginSeq: 0,
      voids: [],
      obsolete: [1, 3],
    });
    expect(folded?.patches.map(({ seq }) => seq)).toEqual([1, 2]);
  });

  test("a stale writer that a stream let in does not count", () => {
    const stale = record(4, { seq: 2, epoch: 1 });
    const folded = fold([
      epoch(1, 1, 0),
      record(2, { seq: 1 }),
      epoch(3, 2, 1),
      stale,
      record(5, { seq: 2, epoch: 2 }),
    ]);
    expect(folded?.voids).toEqual([stale]);
    expect(folded?.state).toMatchObject({ epoch: 2, seq: 2, streamSeq: 5 });
  });

  test("of two winners for one expected seq the first counts", () => {
    const folded = fold([epoch(1, 1, 0), record(2, { seq: 1 }), record(3, { seq: 1 }), record(4, { seq: 2 })]);
    expect(folded?.voids.map(({ streamSeq }) => streamSeq)).toEqual([3]);
    expect(folded?.patches.map(({ streamSeq }) => streamSeq)).toEqual([2, 4]);
  });

  test("of two that took one epoch the first did, and only its records count", () => {
    const second = { ...epoch(3, 2, 1), owner: "host-b" };
    const folded = fold([
      epoch(1, 1, 1),
      { ...epoch(2, 2, 1), owner: "host-a" },
      second,
      record(4, { seq: 2, epoch: 2 }),
    ]);
    expect(folded?.voids).toEqual([second]);
    expect(folded?.obsolete).toEqual([1, 2]);
  });

  test("a gap is no history", () => {
    expect(() => fold([epoch(1, 1, 0), record(2, { seq: 1 }), record(3, { seq: 3, expectedSeq: 2 })])).toThrow(
      MissingRecords,
    );
  });

  test("a deletion and an installed history begin anew", () => {
    const deletion = record(3, { seq: 2, isDeleted: true, lineage: 1, baseSeq: 2 });
    const again = record(4, { seq: 3, lineage: 1, baseSeq: 2 });
    const begun = fold([epoch(1, 1, 0), record(2, { seq: 1 }), deletion, again]);
    expect([begun?.beginSeq, begun?.patches.map(({ seq }) => seq)]).toEqual([2, [3]]);
    const install = record(5, { kind: "install", seq: 0, expectedSeq: 0, lineage: 2 });
    const installed = fold([epoch(1, 1, 0), record(2, { seq: 1 }), deletion, again, install]);
    expect([installed?.beginSeq, installed?.patches]).toEqual([0, []]);
  });
});

describe("entries of timers", () => {
  test("are what a plain list says, in order, and know where they end", () => {
    const step = fc.record({ key: fc.integer({ min: 0, max: 20 }), at: fc.nat(50), removes: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const entries = new DueEntries(8);
        const model = new Map<string, number>();
        steps.forEach(({ key, at, removes }, streamSeq) => {
          const document = { space: "timers", key: `k${key}` };
          const known = entries.get(document);
          if (removes) {
            if (known !== undefined) entries.remove(known);
            model.delete(document.key);
          } else {
            entries.set({ document, at, streamSeq: streamSeq + 1, writtenAt: 0 });
            model.set(document.key, at);
          }
        });
        let before = 51;
        while (before > 0 && (entries.isIncomplete(before) || entries.size === 8)) before--;
        const expected = [...model.values()].filter((at) => at < before).sort((a, b) => a - b);
        expect(entries.before(before, 0, 100).map(({ at }) => at)).toEqual(expected);
        expect(entries.size).toBeLessThanOrEqual(8);
      }),
    );
  });
});

function linesOf(headers: MsgHdrs): string[] {
  return [...headers].map(([name, values]) => `${name}: ${values.join(",")}`);
}
