import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { RecordType } from "../src/format/record.ts";
import { DocumentIndex } from "../src/index/document-index.ts";
import { SegmentTable } from "../src/index/segment-table.ts";

const name = fc.record({
  space: fc.constantFrom("board-game", "other-space"),
  key: fc.stringMatching(/^[A-Za-z0-9._-]{1,30}$/),
});
const change = fc.record({
  at: fc.nat(),
  kind: fc.constantFrom("append", "append", "append", "delete", "snapshot", "epoch", "release"),
  step: fc.integer({ min: 1, max: 3 }),
  wakeAt: fc.option(fc.integer({ min: 0, max: 50 }), { nil: undefined }),
});

/** What an index says of a document, by every way to ask. */
function said(index: DocumentIndex, document: { space: string; key: string }): unknown {
  const entry = index.find(document);
  if (entry === undefined) return undefined;
  const { id, epoch, owner, seq, isDeleted, wakeAt, snapshot, emptySeq, lastAppend } = entry;
  const patches = entry.patches.slice(0);
  return { id, epoch, owner, seq, isDeleted, wakeAt, snapshot, emptySeq, lastAppend, patches };
}

function orders(index: DocumentIndex): unknown {
  return {
    listed: ["board-game", "other-space"].map((space) => [...index.listed(space, undefined)]),
    due: [...index.due()],
  };
}

describe("DocumentIndex", () => {
  test("says the same whether its documents are at work or at rest", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(name, { minLength: 1, maxLength: 40, selector: ({ space, key }) => `${space}/${key}` }),
        fc.array(change, { maxLength: 300 }),
        (names, changes) => {
          const large = new DocumentIndex(new SegmentTable(), 1_000);
          const small = new DocumentIndex(new SegmentTable(), 2);
          for (const { at, kind, step, wakeAt } of changes) {
            const document = names[at % names.length]!;
            for (const index of [large, small]) {
              const entry = index.find(document) ?? index.create(document);
              const seq = entry.seq + step;
              if (kind === "epoch") {
                entry.epoch++;
                entry.owner = `host-${entry.epoch % 5}`;
              } else if (kind === "release") entry.owner = undefined;
              else if (kind === "snapshot") {
                if (entry.seq > entry.baseSeq) index.applySnapshot(entry, entry.seq, { location: step, length: 7 });
              } else {
                const type = kind === "delete" ? RecordType.deletion : RecordType.timedPatch;
                const append = { type, epoch: entry.epoch, seq, span: step, length: step * 9, payloadCrc: at >>> 0 };
                index.applyAppend(entry, append, { location: seq * 8, wakeAt: kind === "delete" ? undefined : wakeAt });
              }
            }
          }
          expect(small.activeCount).toBeLessThanOrEqual(3);
          expect(orders(small)).toEqual(orders(large));
          for (const document of names) expect(said(small, document)).toEqual(said(large, document));
          for (const index of [large, small]) {
            for (const { id, snapshot, patches } of index.entries()) {
              for (const { seq, location } of patches.slice(0)) {
                expect(index.needs(id, { seq, isSnapshot: false }, location)).toBe(true);
                expect(index.needs(id, { seq, isSnapshot: false }, location + 1)).toBe(false);
              }
              const location = snapshot?.location ?? 7;
              expect(index.needs(id, { seq: 1, isSnapshot: true }, location)).toBe(snapshot !== undefined);
            }
          }
          expect(small.find({ space: "board-game", key: "no-such-key-at-all-in-this-index-1" })).toBeUndefined();
        },
      ),
      { numRuns: 60 },
    );
  });

  test("finds every one of many thousands by its name", () => {
    const index = new DocumentIndex(new SegmentTable(), 100);
    const names = Array.from({ length: 30_000 }, (_, at) => ({ space: "board-game", key: `key-${at * 7_919}` }));
    const ids = names.map((each) => index.create(each).id);
    for (const [at, each] of names.entries()) expect(index.find(each)!.id).toBe(ids[at]);
    expect(index.count).toBe(names.length);
  });
});
