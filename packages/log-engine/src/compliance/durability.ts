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

/** For engines that keep what they are told: everything is the same after closing and opening again. */
export function durabilityCompliance(start: StartLogEngine): void {
  describe("after a restart", () => {
    test(
      "everything acknowledged is there",
      withEngine(start, async (engine, underTest) => {
        const { epoch } = await grow(engine, game, 4);
        await engine.snapshot(game, { epoch, seq: 2, data: bytes("state 2") });
        await engine.append(game, step(epoch, 4, { wakeAt: 1_234 }));
        const gone = { space: "board-game", key: "gone" };
        const { epoch: goneEpoch } = await grow(engine, gone, 1);
        await engine.append(gone, step(goneEpoch, 1, { deletes: true, data: bytes("the end") }));

        const again = await underTest.reopen!();
        expect(await again.list("board-game", { limit: 10 })).toEqual([{ key: "g1", seq: 5 }]);
        expect(await again.due({ before: 2_000, limit: 10 })).toEqual([{ document: game, wakeAt: 1_234 }]);
        const opened = await again.open(game, "host-a");
        expect([opened.seq, opened.snapshot?.seq, text(opened.snapshot!.data)]).toEqual([5, 2, "state 2"]);
        expect(opened.patches.map((patch) => text(patch.data))).toEqual(["patch 3", "patch 4", "patch 5"]);
        expect(opened.epoch).toBeGreaterThan(epoch);
        const deleted = await again.open(gone, "host-a");
        expect([deleted.seq, deleted.isDeleted, deleted.patches]).toEqual([2, true, []]);
        expect([deleted.deletion?.seq, text(deleted.deletion!.data)]).toEqual([2, "the end"]);
        const third = await underTest.reopen!();
        expect((await third.read(gone, { afterSeq: 1, limit: 1 })).deletion?.seq).toBe(2);
      }),
    );

    test(
      "epochs hold: the owner of before goes on, an older one stays out",
      withEngine(start, async (engine, underTest) => {
        const { epoch: old } = await grow(engine, game, 1, "host-a");
        const { epoch } = await engine.open(game, "host-b");
        const again = await underTest.reopen!();
        await expectFenced(again.append(game, step(old, 1)), { epoch, seq: 1 });
        await again.append(game, step(epoch, 1));
        expect((await again.open(game, "host-b")).epoch).toBeGreaterThan(epoch);
      }),
    );

    test(
      "an append whose answer was lost is recognised",
      withEngine(start, async (engine, underTest) => {
        const { epoch } = await grow(engine, game, 1);
        const repeated = step(epoch, 1, { wakeAt: 77 });
        await engine.append(game, repeated);
        const again = await underTest.reopen!();
        await again.append(game, repeated);
        expect((await again.open(game, "host-a")).seq).toBe(2);
      }),
    );

    test(
      "the former owner of a document is still told when it is taken",
      withEngine(start, async (engine, underTest) => {
        await engine.open(game, "host-a");
        const again = await underTest.reopen!();
        const told = new Promise<number>((resolve) => {
          again.watchFenced("host-a", (_, epoch) => resolve(epoch));
        });
        const { epoch } = await again.open(game, "host-b");
        expect(await told).toBe(epoch);
      }),
    );

    test(
      "one who had let go of it is not",
      withEngine(start, async (engine, underTest) => {
        const released = { space: "board-game", key: "released" };
        const { epoch } = await engine.open(released, "host-a");
        await engine.append(released, step(epoch, 0));
        await engine.release(released, epoch);
        await engine.open(game, "host-a");
        const again = await underTest.reopen!();
        const told: string[] = [];
        const last = new Promise<void>((resolve) => {
          again.watchFenced("host-a", ({ key }) => {
            told.push(key);
            if (key === game.key) resolve();
          });
        });
        await again.open(released, "host-b");
        await again.open(game, "host-b");
        await last;
        expect(told).toEqual([game.key]);
      }),
    );

    test(
      "many restarts in a row keep adding up",
      withEngine(start, async (engine, underTest) => {
        let current = engine;
        for (let round = 1; round <= 6; round++) {
          const { epoch, seq } = await grow(current, game, 2);
          expect(seq).toBe(round * 2);
          if (round === 3) await current.snapshot(game, { epoch, seq, data: bytes("state") });
          current = await underTest.reopen!();
        }
        const opened = await current.open(game, "host-a");
        expect([opened.seq, opened.snapshot?.seq, opened.patches.length]).toEqual([12, 6, 6]);
      }),
    );
  });
}

/** What was installed from another log is as durable as what was appended. */
export function installDurabilityCompliance(start: StartLogEngine): void {
  describe("after a restart, what was installed", () => {
    test(
      "is all there, and its epoch fences",
      withEngine(start, async (engine, underTest) => {
        const name = (key: string): { space: string; key: string } => ({ space: "board-game", key });
        const part = { epoch: 7, afterSeq: 40, replaces: true, isDeleted: false, patches: [] };
        const snapshot = { seq: 40, data: bytes("state 40") };
        const patches = [{ seq: 42, data: bytes("patch 42") }];
        await engine.install(name("whole"), { ...part, snapshot, patches, wakeAt: 900 });
        await engine.install(name("timed"), { ...part, snapshot, wakeAt: 800 });
        const deletion = { seq: 40, data: bytes("the end") };
        await engine.install(name("gone"), { ...part, isDeleted: true, deletion });
        await engine.install(name("opened"), { ...part, afterSeq: 0 });
        await grow(engine, name("twice"), 3);
        await engine.install(name("twice"), { ...part, snapshot });

        const again = await underTest.reopen!();
        const head = { epoch: 7, seq: 40, isDeleted: false };
        expect(await again.heads(["whole", "timed", "gone", "opened", "twice"].map(name))).toEqual([
          { ...head, seq: 42, wakeAt: 900 },
          { ...head, wakeAt: 800 },
          { ...head, isDeleted: true },
          { ...head, seq: 0 },
          head,
        ]);
        expect(await again.list("board-game", { limit: 10 })).toHaveLength(3);
        expect((await again.due({ before: 1_000, limit: 10 })).map(({ document }) => document.key)).toEqual([
          "timed",
          "whole",
        ]);
        const opened = await again.open(name("whole"), "host-a");
        expect([opened.epoch, opened.seq, text(opened.snapshot!.data), opened.patches.length]).toEqual([
          8,
          42,
          "state 40",
          1,
        ]);
        expect(text((await again.open(name("gone"), "host-a")).deletion!.data)).toBe("the end");
        expect(text((await again.open(name("twice"), "host-a")).snapshot!.data)).toBe("state 40");
        await expectFenced(again.append(name("whole"), step(7, 42)), { epoch: 8, seq: 42 });
        await again.append(name("whole"), step(8, 42));

        const third = await underTest.reopen!();
        expect((await third.heads([name("whole")]))[0]).toEqual({ epoch: 8, seq: 43, isDeleted: false });
      }),
    );
  });
}
