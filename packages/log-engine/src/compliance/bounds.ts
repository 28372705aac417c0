import { describe, expect, test } from "@jest/globals";
import { bytes, errorOf, game, type StartLogEngine, step, withEngine } from "./log-engine-under-test.ts";

export function boundsCompliance(start: StartLogEngine): void {
  const limits = { recordMaxBytes: 1_000, snapshotMaxBytes: 2_000, pageMax: 5 };

  describe("bounds", () => {
    test(
      "a record or snapshot may be as large as allowed and no larger",
      withEngine(
        start,
        async (engine) => {
          const { epoch } = await engine.open(game, "host-a");
          const tooLarge = await errorOf(engine.append(game, step(epoch, 0, { data: new Uint8Array(1_001) })));
          expect(tooLarge.code).toBe("limit_exceeded");
          await engine.append(game, step(epoch, 0, { data: new Uint8Array(1_000).fill(7) }));
          const snapshot = { epoch, seq: 1, data: new Uint8Array(2_001) };
          expect((await errorOf(engine.snapshot(game, snapshot))).code).toBe("limit_exceeded");
          await engine.snapshot(game, { ...snapshot, data: new Uint8Array(2_000) });
          const opened = await engine.open(game, "host-a");
          expect([opened.seq, opened.snapshot?.data.length]).toEqual([1, 2_000]);
        },
        limits,
      ),
    );

    test(
      "a page has an upper bound",
      withEngine(
        start,
        async (engine) => {
          expect((await errorOf(engine.read(game, { afterSeq: 0, limit: 6 }))).code).toBe("limit_exceeded");
          expect((await errorOf(engine.list("board-game", { limit: 6 }))).code).toBe("limit_exceeded");
          expect((await errorOf(engine.due({ before: 0, limit: 6 }))).code).toBe("limit_exceeded");
          expect(await engine.list("board-game", { limit: 5 })).toEqual([]);
        },
        limits,
      ),
    );

    test(
      "nonsense is a mistake of the caller, and changes nothing",
      withEngine(start, async (engine) => {
        const { epoch } = await engine.open(game, "host-a");
        const attempts: Promise<unknown>[] = [
          engine.open({ space: "Board", key: "g1" }, "host-a"),
          engine.open({ space: "board-game", key: "a/b" }, "host-a"),
          engine.open({ space: "board-game", key: "" }, "host-a"),
          engine.open(game, ""),
          engine.open(game, "h".repeat(65)),
          engine.append(game, step(epoch, 0, { seq: 0 })),
          engine.append(game, step(epoch, 3, { seq: 2 })),
          engine.append({ space: "x", key: "y" }, step(epoch, 0)),
          engine.snapshot({ space: "board-game", key: "ä" }, { epoch, seq: 0, data: bytes("") }),
          engine.list("UPPER", { limit: 1 }),
          engine.list("board-game", { limit: 0 }),
          engine.due({ before: 1, limit: 0 }),
          engine.read(game, { afterSeq: 0, limit: 0 }),
        ];
        for (const attempt of attempts) expect((await errorOf(attempt)).code).toBe("invalid_argument");
        expect((await engine.open(game, "host-a")).seq).toBe(0);
      }),
    );

    test(
      "the longest names work",
      withEngine(start, async (engine) => {
        const longest = { space: "s".repeat(63), key: "k".repeat(511) };
        const { epoch } = await engine.open(longest, "o".repeat(64));
        await engine.append(longest, step(epoch, 0));
        expect(await engine.list(longest.space, { limit: 1 })).toEqual([{ key: longest.key, seq: 1 }]);
      }),
    );
  });
}
