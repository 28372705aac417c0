import { describe, expect, test } from "@jest/globals";
import type { DocumentName } from "@tidewire/foundation";
import type { LogEngine, LogInstall, LogRecord } from "../log-engine.ts";
import {
  bytes,
  errorOf,
  expectFenced,
  game,
  grow,
  type StartLogEngine,
  step,
  text,
  withEngine,
} from "./log-engine-under-test.ts";

const empty: LogInstall = { epoch: 5, afterSeq: 0, replaces: true, patches: [], isDeleted: false };

function records(from: number, to: number): LogRecord[] {
  return Array.from({ length: to - from }, (_, index) => {
    const seq = from + index + 1;
    return { seq, data: bytes(`patch ${seq}`) };
  });
}

async function opened(engine: LogEngine, document: DocumentName): Promise<[number, number, string[]]> {
  const { epoch, seq, snapshot, patches } = await engine.open(document, "host-z");
  const all = [...(snapshot === undefined ? [] : [snapshot]), ...patches];
  return [epoch, seq, all.map(({ data }) => text(data))];
}

export function surveyCompliance(start: StartLogEngine): void {
  describe("documents", () => {
    test(
      "pages through everything that is known, by space and key, the gone and the merely opened too",
      withEngine(start, async (engine) => {
        const name = (space: string, key: string): DocumentName => ({ space, key });
        // A dash comes before a slash: pairs are not in the order of their joined text.
        const { epoch } = await grow(engine, name("go-9x9", "a"), 2);
        await grow(engine, name("golf", "b"), 1);
        const deleted = await grow(engine, name("golf", "B"), 1);
        await engine.append(name("golf", "B"), step(deleted.epoch, 1, { deletes: true }));
        const only = await engine.open(name("golf", "a.1"), "host-a");
        const timed = await engine.open(name("gol", "z"), "host-a");
        await engine.append(name("gol", "z"), step(timed.epoch, 0, { wakeAt: 12 }));

        const all = await engine.documents({ limit: 10 });
        expect(all).toEqual([
          { document: name("go-9x9", "a"), epoch, seq: 2, isDeleted: false },
          { document: name("gol", "z"), epoch: timed.epoch, seq: 1, isDeleted: false, wakeAt: 12 },
          { document: name("golf", "B"), epoch: deleted.epoch, seq: 2, isDeleted: true },
          { document: name("golf", "a.1"), epoch: only.epoch, seq: 0, isDeleted: false },
          { document: name("golf", "b"), epoch: expect.any(Number), seq: 1, isDeleted: false },
        ]);
        const paged = [];
        for (let after: DocumentName | undefined; ; ) {
          const page = await engine.documents({ limit: 2, ...(after === undefined ? {} : { after }) });
          paged.push(...page);
          if (page.length < 2) break;
          after = page[1]!.document;
        }
        expect(paged).toEqual(all);
        expect(await engine.documents({ after: name("golf", "a"), limit: 1 })).toEqual([all[3]]);
        expect((await errorOf(engine.documents({ limit: 0 }))).code).toBe("invalid_argument");
        expect((await errorOf(engine.documents({ after: name("X", "y"), limit: 1 }))).code).toBe("invalid_argument");
      }),
    );
  });
}

export function installCompliance(start: StartLogEngine): void {
  describe("install", () => {
    test(
      "brings a document with its snapshot, patches, timer and epoch; the epoch goes on from there",
      withEngine(start, async (engine) => {
        const snapshot = { seq: 40, data: bytes("state 40") };
        await engine.install(game, { ...empty, afterSeq: 40, snapshot, patches: records(40, 43), wakeAt: 1_000 });
        expect(await engine.heads([game])).toEqual([{ epoch: 5, seq: 43, isDeleted: false, wakeAt: 1_000 }]);
        expect(await engine.due({ before: 2_000, limit: 5 })).toEqual([{ document: game, wakeAt: 1_000 }]);
        expect(await engine.list("board-game", { limit: 5 })).toEqual([{ key: "g1", seq: 43 }]);
        await expectFenced(engine.append(game, step(4, 43)), { epoch: 5, seq: 43 });
        const contents = ["state 40", "patch 41", "patch 42", "patch 43"];
        expect(await opened(engine, game)).toEqual([6, 43, contents]);
        await expectFenced(engine.append(game, step(5, 43)), { epoch: 6, seq: 43 });
        await engine.append(game, step(6, 43));
        expect((await engine.read(game, { afterSeq: 40, limit: 10 })).patches).toHaveLength(4);
      }),
    );

    test(
      "takes its bytes at once, so that the caller may reuse its buffers",
      withEngine(start, async (engine) => {
        const [snapshot, patch, deletion] = ["state 40", "patch 41", "the end"].map((content) => Buffer.from(content));
        const part = { ...empty, afterSeq: 40, snapshot: { seq: 40, data: snapshot! } };
        const installed = engine.install(game, { ...part, patches: [{ seq: 41, data: patch! }] });
        const gone = { space: "board-game", key: "gone" };
        const end = { seq: 7, data: deletion! };
        const removed = engine.install(gone, { ...empty, afterSeq: 7, isDeleted: true, deletion: end });
        for (const buffer of [snapshot, patch, deletion]) buffer!.fill(0x58);
        await Promise.all([installed, removed]);
        expect(await opened(engine, game)).toEqual([6, 41, ["state 40", "patch 41"]]);
        expect(text((await engine.open(gone, "host-a")).deletion!.data)).toBe("the end");
      }),
    );

    test(
      "goes on piece by piece, and again from the start",
      withEngine(start, async (engine) => {
        await engine.install(game, { ...empty, patches: records(0, 2) });
        await engine.install(game, { ...empty, replaces: false, afterSeq: 2, patches: records(2, 4), wakeAt: 9 });
        expect((await engine.heads([game]))[0]).toEqual({ epoch: 5, seq: 4, isDeleted: false, wakeAt: 9 });
        // Only a newer epoch: somebody opened it over there.
        await engine.install(game, { ...empty, epoch: 8, replaces: false, afterSeq: 4 });
        expect((await engine.heads([game]))[0]).toEqual({ epoch: 8, seq: 4, isDeleted: false, wakeAt: 9 });
        const snapshot = { seq: 4, data: bytes("state 4") };
        await engine.install(game, { ...empty, epoch: 8, afterSeq: 4, snapshot });
        expect((await engine.heads([game]))[0]).toEqual({ epoch: 8, seq: 4, isDeleted: false });
        expect(await opened(engine, game)).toEqual([9, 4, ["state 4"]]);
      }),
    );

    test(
      "brings documents that are deleted, were created again, or only ever opened",
      withEngine(start, async (engine) => {
        await engine.install(game, { ...empty, afterSeq: 7, isDeleted: true });
        expect(await engine.heads([game])).toEqual([{ epoch: 5, seq: 7, isDeleted: true }]);
        expect(await engine.list("board-game", { limit: 5 })).toEqual([]);
        await engine.install(game, { ...empty, afterSeq: 7, patches: records(7, 9) });
        expect(await engine.list("board-game", { limit: 5 })).toEqual([{ key: "g1", seq: 9 }]);
        expect(await opened(engine, game)).toEqual([6, 9, ["patch 8", "patch 9"]]);
        const gone = { space: "board-game", key: "gone" };
        await engine.install(gone, { ...empty, patches: records(0, 7) });
        const deletion = { seq: 7, data: bytes("the end") };
        await engine.install(gone, { ...empty, afterSeq: 7, isDeleted: true, deletion });
        await engine.install(gone, { ...empty, afterSeq: 7, isDeleted: true, deletion });
        const { seq, isDeleted, deletion: kept } = await engine.open(gone, "host-a");
        expect([seq, isDeleted, kept?.seq, text(kept!.data)]).toEqual([7, true, 7, "the end"]);
        await engine.append(gone, step(6, 7));
        expect((await engine.open(gone, "host-a")).deletion).toBeUndefined();
        const only = { space: "board-game", key: "only" };
        await engine.install(only, empty);
        expect(await engine.heads([only])).toEqual([{ epoch: 5, seq: 0, isDeleted: false }]);
        const fresh = await engine.open(only, "host-a");
        expect([fresh.epoch, fresh.seq, fresh.patches]).toEqual([6, 0, []]);
        await engine.append(only, step(6, 0));
      }),
    );

    test(
      "replaces what is stored, whatever that is, if nothing there is newer",
      withEngine(start, async (engine) => {
        const { epoch } = await grow(engine, game, 3);
        await engine.snapshot(game, { epoch, seq: 2, data: bytes("other 2") });
        await engine.install(game, { ...empty, epoch, patches: records(0, 3) });
        expect(await engine.read(game, { afterSeq: 0, limit: 10 })).toMatchObject({ patches: [{}, {}, {}] });
        await engine.append(game, step(epoch, 3, { deletes: true }));
        await engine.install(game, { ...empty, epoch, patches: records(0, 4) });
        const [, seq, contents] = await opened(engine, game);
        expect([seq, contents.length]).toEqual([4, 4]);
      }),
    );

    test(
      "of something older, or that does not follow, is fenced and changes nothing",
      withEngine(start, async (engine) => {
        const { epoch: first } = await grow(engine, game, 3);
        const { epoch } = await engine.open(game, "host-b");
        const newest = { epoch, seq: 3 };
        await expectFenced(engine.install(game, { ...empty, epoch: first, patches: records(0, 9) }), newest);
        await expectFenced(engine.install(game, { ...empty, epoch, patches: records(0, 2) }), newest);
        await expectFenced(engine.install(game, { ...empty, epoch, isDeleted: true }), newest);
        const follow = { ...empty, epoch, replaces: false };
        await expectFenced(engine.install(game, { ...follow, afterSeq: 4, patches: records(4, 6) }), newest);
        await expectFenced(engine.install(game, { ...follow, afterSeq: 2, patches: records(2, 6) }), newest);
        expect((await engine.read(game, { afterSeq: 0, limit: 10 })).patches).toHaveLength(3);
        await engine.append(game, step(epoch, 3));
      }),
    );

    test(
      "that replaces a document ends what was appended before: its repetition is fenced, that of what stays is not",
      withEngine(start, async (engine) => {
        const { epoch } = await grow(engine, game, 2);
        const snapshot = { seq: 2, data: bytes("state 2 of elsewhere") };
        await engine.install(game, { ...empty, epoch, afterSeq: 2, snapshot });
        for (const seq of [0, 1]) await expectFenced(engine.append(game, step(epoch, seq)), { epoch, seq: 2 });
        await engine.append(game, step(epoch, 2));
        await engine.install(game, { ...empty, epoch, replaces: false, afterSeq: 3, patches: records(3, 4) });
        await engine.append(game, step(epoch, 2));
        await expectFenced(engine.append(game, step(epoch, 1)), { epoch, seq: 4 });
        expect(await opened(engine, game)).toEqual([epoch + 1, 4, ["state 2 of elsewhere", "patch 3", "patch 4"]]);

        const other = { space: "board-game", key: "without-snapshot" };
        const { epoch: second } = await grow(engine, other, 2);
        await engine.install(other, { ...empty, epoch: second, afterSeq: 2 });
        for (const seq of [0, 1])
          await expectFenced(engine.append(other, step(second, seq)), { epoch: second, seq: 2 });
      }),
    );

    test(
      "leaves nobody as the owner: the next open warns no one of before",
      withEngine(start, async (engine) => {
        const { epoch } = await engine.open(game, "host-a");
        await engine.install(game, { ...empty, epoch, patches: records(0, 1) });
        const told: string[] = [];
        const other = { space: "board-game", key: "other" };
        await engine.open(other, "host-a");
        const last = new Promise<void>((resolve) => {
          engine.watchFenced("host-a", ({ key }) => {
            told.push(key);
            if (key === other.key) resolve();
          });
        });
        await engine.open(game, "host-b");
        await engine.open(other, "host-b");
        await last;
        expect(told).toEqual([other.key]);
      }),
    );

    test(
      "that contradicts itself, or is too large, is refused",
      withEngine(
        start,
        async (engine) => {
          const snapshot = { seq: 3, data: bytes("state") };
          const parts: [LogInstall, string][] = [
            [{ ...empty, epoch: -1 }, "invalid_argument"],
            [{ ...empty, afterSeq: 0.5 }, "invalid_argument"],
            [{ ...empty, afterSeq: 4, snapshot }, "invalid_argument"],
            [{ ...empty, afterSeq: 3, replaces: false, snapshot }, "invalid_argument"],
            [{ ...empty, afterSeq: 3, snapshot, isDeleted: true }, "invalid_argument"],
            [{ ...empty, patches: records(0, 1), isDeleted: true }, "invalid_argument"],
            [{ ...empty, afterSeq: 3, deletion: snapshot }, "invalid_argument"],
            [{ ...empty, afterSeq: 2, isDeleted: true, deletion: snapshot }, "invalid_argument"],
            [{ ...empty, isDeleted: true, deletion: { seq: 0, data: bytes("end") } }, "invalid_argument"],
            [
              { ...empty, afterSeq: 1, isDeleted: true, deletion: { seq: 1, data: new Uint8Array(1_001) } },
              "limit_exceeded",
            ],
            [{ ...empty, patches: [...records(1, 2), ...records(0, 1)] }, "invalid_argument"],
            [{ ...empty, patches: [{ seq: 1, data: new Uint8Array(1_001) }] }, "limit_exceeded"],
            [{ ...empty, afterSeq: 1, snapshot: { seq: 1, data: new Uint8Array(2_001) } }, "limit_exceeded"],
            [{ ...empty, patches: records(0, 6) }, "limit_exceeded"],
          ];
          for (const [part, code] of parts) expect((await errorOf(engine.install(game, part))).code).toBe(code);
          expect(await engine.documents({ limit: 5 })).toEqual([]);
        },
        { recordMaxBytes: 1_000, snapshotMaxBytes: 2_000, pageMax: 5 },
      ),
    );
  });
}
