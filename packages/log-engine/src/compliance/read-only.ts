import { describe, expect, test } from "@jest/globals";
import { errorOf, game, grow, type StartLogEngine, step, withEngine } from "./log-engine-under-test.ts";

export function readOnlyCompliance(start: StartLogEngine): void {
  describe("open of what exists only", () => {
    test(
      "is as good as open, if there is a document",
      withEngine(start, async (engine) => {
        const { epoch: old } = await grow(engine, game, 2);
        const opened = await engine.open(game, "host-b", { ifExists: true });
        expect([opened.epoch > old, opened.seq, opened.patches.length]).toEqual([true, 2, 2]);
        await engine.append(game, step(opened.epoch, 2));
      }),
    );

    test(
      "takes no epoch and leaves no trace, if there is none",
      withEngine(start, async (engine) => {
        const missing = await errorOf(engine.open(game, "host-a", { ifExists: true }));
        expect([missing.code, missing.details]).toEqual(["not_found", { seq: 0, isDeleted: false }]);
        expect(await engine.documents({ limit: 10 })).toEqual([]);
        expect(await engine.heads([game])).toEqual([{ epoch: 0, seq: 0, isDeleted: false }]);

        const { epoch } = await engine.open(game, "host-a");
        expect((await errorOf(engine.open(game, "host-b", { ifExists: true }))).code).toBe("not_found");
        await engine.append(game, step(epoch, 0));
        await engine.append(game, step(epoch, 1, { deletes: true }));
        const deleted = await errorOf(engine.open(game, "host-b", { ifExists: true }));
        expect([deleted.code, deleted.details]).toEqual(["not_found", { seq: 2, isDeleted: true }]);
        await engine.append(game, step(epoch, 2));
        expect((await engine.open(game, "host-b", { ifExists: true })).seq).toBe(3);
      }),
    );
  });

  describe("heads", () => {
    test(
      "tells where documents stand, in the order asked for, also of those that are gone or unknown",
      withEngine(start, async (engine) => {
        const name = (key: string): { space: string; key: string } => ({ space: "board-game", key });
        const { epoch } = await grow(engine, name("a"), 2);
        const deleted = await grow(engine, name("b"), 1);
        await engine.append(name("b"), step(deleted.epoch, 1, { deletes: true }));
        const timed = await engine.open(name("c"), "host-a");
        await engine.append(name("c"), step(timed.epoch, 0, { wakeAt: 77 }));
        expect(await engine.heads([name("c"), name("unknown"), name("b"), name("a"), name("a")])).toEqual([
          { epoch: timed.epoch, seq: 1, isDeleted: false, wakeAt: 77 },
          { epoch: 0, seq: 0, isDeleted: false },
          { epoch: deleted.epoch, seq: 2, isDeleted: true },
          { epoch, seq: 2, isDeleted: false },
          { epoch, seq: 2, isDeleted: false },
        ]);
        expect(await engine.heads([])).toEqual([]);
        expect((await errorOf(engine.heads([{ space: "X", key: "y" }]))).code).toBe("invalid_argument");
      }),
    );
  });

  describe("spaces", () => {
    test(
      "pages through the spaces in which documents exist",
      withEngine(start, async (engine) => {
        for (const space of ["chess", "bridge", "go-9x9", "go9"]) await grow(engine, { space, key: "g1" }, 1);
        await engine.open({ space: "only-opened", key: "g1" }, "host-a");
        const gone = { space: "all-gone", key: "g1" };
        const { epoch } = await grow(engine, gone, 1);
        await engine.append(gone, step(epoch, 1, { deletes: true }));
        expect(await engine.spaces({ limit: 10 })).toEqual(["bridge", "chess", "go-9x9", "go9"]);
        expect(await engine.spaces({ limit: 2 })).toEqual(["bridge", "chess"]);
        expect(await engine.spaces({ afterSpace: "chess", limit: 2 })).toEqual(["go-9x9", "go9"]);
        expect(await engine.spaces({ afterSpace: "go9", limit: 2 })).toEqual([]);
        expect((await errorOf(engine.spaces({ limit: 0 }))).code).toBe("invalid_argument");
        expect((await errorOf(engine.spaces({ afterSpace: "Z", limit: 1 }))).code).toBe("invalid_argument");
      }),
    );
  });
}
