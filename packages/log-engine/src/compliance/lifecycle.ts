import { describe, expect, test } from "@jest/globals";
import {
  bytes,
  expectFenced,
  game,
  grow,
  type StartLogEngine,
  step,
  text,
  withEngine,
} from "./log-engine-under-test.ts";

export function lifecycleCompliance(start: StartLogEngine): void {
  describe("deletion", () => {
    test(
      "drops the history; a document created again goes on with the seq",
      withEngine(start, async (engine) => {
        const { epoch } = await grow(engine, game, 3);
        await engine.snapshot(game, { epoch, seq: 2, data: bytes("state 2") });
        await engine.append(game, step(epoch, 3, { deletes: true }));
        const deletion = { seq: 4, data: bytes("patch 4") };
        expect(await engine.read(game, { afterSeq: 0, limit: 10 })).toMatchObject({
          patches: [],
          deletion: { seq: 4 },
        });
        const deleted = await engine.open(game, "host-b");
        expect({ ...deleted, deletion: { seq: 4, data: bytes(text(deleted.deletion!.data)) } }).toEqual({
          epoch: deleted.epoch,
          seq: 4,
          isDeleted: true,
          patches: [],
          deletion,
        });

        await engine.append(game, step(deleted.epoch, 4));
        await engine.append(game, step(deleted.epoch, 5));
        const created = await engine.open(game, "host-b");
        expect([created.seq, created.isDeleted, created.snapshot]).toEqual([6, false, undefined]);
        expect(created.patches.map((patch) => text(patch.data))).toEqual(["patch 5", "patch 6"]);
        expect((await engine.read(game, { afterSeq: 0, limit: 10 })).patches.map((patch) => patch.seq)).toEqual([5, 6]);
      }),
    );

    test(
      "is told to everyone who opens the document, until it is made again",
      withEngine(start, async (engine) => {
        const told = async (owner: string): Promise<unknown> => {
          const { deletion } = await engine.open(game, owner);
          return deletion === undefined ? undefined : [deletion.seq, text(deletion.data)];
        };
        const { epoch } = await grow(engine, game, 2);
        expect((await engine.open(game, "host-a")).deletion).toBeUndefined();
        await engine.append(game, step(epoch + 1, 2, { seq: 5, deletes: true, data: bytes("first end") }));
        for (const owner of ["host-a", "host-b", "host-b"]) expect(await told(owner)).toEqual([5, "first end"]);
        const after = async (afterSeq: number): Promise<unknown> =>
          (await engine.read(game, { afterSeq, limit: 1 })).deletion?.seq;
        expect([await after(0), await after(4), await after(5)]).toEqual([5, 5, undefined]);
        expect(await engine.readAt(game, { seq: 5 })).toEqual({ seq: 5, isDeleted: true, patches: [] });

        const again = await engine.open(game, "host-a");
        await engine.append(game, step(again.epoch, 5, { data: bytes("second life") }));
        expect(await told("host-a")).toBeUndefined();
        expect(await after(0)).toBeUndefined();
        const { epoch: last } = await engine.open(game, "host-a");
        // The same bytes that do not delete are another record.
        const end = step(last, 6, { data: bytes("second end") });
        await engine.append(game, { ...end, deletes: true });
        await expectFenced(engine.append(game, end), { epoch: last, seq: 7 });
        expect(await told("host-b")).toEqual([7, "second end"]);
      }),
    );

    test(
      "may say much",
      withEngine(start, async (engine) => {
        const { epoch } = await grow(engine, game, 2);
        const data = Uint8Array.from({ length: 700_000 }, (_, at) => at % 251);
        await engine.append(game, step(epoch, 2, { deletes: true, data }));
        const { deletion } = await engine.open(game, "host-b");
        expect(Buffer.compare(deletion!.data, data)).toBe(0);
        // What is removed in the background is not part of it.
        await grow(engine, { space: "board-game", key: "other" }, 3);
        const read = await engine.read(game, { afterSeq: 0, limit: 1 });
        expect(Buffer.compare(read.deletion!.data, data)).toBe(0);
      }),
    );

    test(
      "repeated resolves; a snapshot of before changes nothing",
      withEngine(start, async (engine) => {
        const { epoch } = await grow(engine, game, 2);
        const deletion = step(epoch, 2, { deletes: true });
        await engine.append(game, deletion);
        await engine.append(game, deletion);
        await engine.snapshot(game, { epoch, seq: 2, data: bytes("state 2") });
        await engine.snapshot(game, { epoch, seq: 3, data: bytes("state 3") });
        const opened = await engine.open(game, "host-a");
        expect([opened.seq, opened.isDeleted, opened.snapshot, opened.patches]).toEqual([3, true, undefined, []]);
      }),
    );
  });

  describe("list", () => {
    test(
      "pages through the documents of one space in key order, with their heads",
      withEngine(start, async (engine) => {
        for (const key of ["b", "a", "c.1", "C", "__proto__", "constructor"]) {
          await grow(engine, { space: "board-game", key }, key.length);
        }
        await grow(engine, { space: "other-game", key: "x" }, 1);
        await engine.open({ space: "board-game", key: "opened-only" }, "host-a");
        const { epoch, seq } = await grow(engine, { space: "board-game", key: "gone" }, 1);
        await engine.append({ space: "board-game", key: "gone" }, step(epoch, seq, { deletes: true }));

        const listed: { key: string; seq: number }[] = [];
        for (let afterKey: string | undefined; ; ) {
          const page = await engine.list("board-game", { limit: 2, ...(afterKey === undefined ? {} : { afterKey }) });
          listed.push(...page.map(({ key, seq: head }) => ({ key, seq: head })));
          if (page.length < 2) break;
          afterKey = page[1]!.key;
        }
        const keys = ["C", "__proto__", "a", "b", "c.1", "constructor"];
        expect(listed).toEqual(keys.map((key) => ({ key, seq: key.length })));
        expect(await engine.list("no-such-space", { limit: 5 })).toEqual([]);
        expect(await engine.list("board-game", { afterKey: "b0", limit: 1 })).toEqual([{ key: "c.1", seq: 3 }]);
      }),
    );
  });

  describe("due", () => {
    test(
      "gives the documents whose time has come, earliest first; each append sets the time anew",
      withEngine(start, async (engine) => {
        const wakeAt = { early: 1_000, late: 3_000, middle: 2_000, cleared: 500, deleted: 700 };
        const epochs = new Map<string, number>();
        for (const [key, at] of Object.entries(wakeAt)) {
          const { epoch } = await engine.open({ space: "board-game", key }, "host-a");
          epochs.set(key, epoch);
          await engine.append({ space: "board-game", key }, step(epoch, 0, { wakeAt: at }));
        }
        const name = (key: string): { space: string; key: string } => ({ space: "board-game", key });
        await engine.append(name("cleared"), step(epochs.get("cleared")!, 1));
        await engine.append(name("deleted"), step(epochs.get("deleted")!, 1, { deletes: true }));
        await engine.snapshot(name("early"), { epoch: epochs.get("early")!, seq: 1, data: bytes("state") });

        const due = async (before: number, limit: number): Promise<[string, number][]> =>
          (await engine.due({ before, limit })).map(({ document, wakeAt: at }) => [document.key, at]);
        expect(await due(10_000, 10)).toEqual([
          ["early", 1_000],
          ["middle", 2_000],
          ["late", 3_000],
        ]);
        expect(await due(10_000, 2)).toHaveLength(2);
        expect(await due(2_000, 10)).toEqual([["early", 1_000]]);
        expect(await due(2_001, 10)).toHaveLength(2);
        await engine.append(name("early"), step(epochs.get("early")!, 1, { wakeAt: 2_500 }));
        expect(await due(10_000, 10)).toEqual([
          ["middle", 2_000],
          ["early", 2_500],
          ["late", 3_000],
        ]);
      }),
    );
  });
}
