import { describe, expect, test } from "@jest/globals";
import type { LogReadAt } from "../log-engine.ts";
import { bytes, errorOf, game, grow, type StartLogEngine, step, text, withEngine } from "./log-engine-under-test.ts";

/** What a state is made of, by its texts. */
function madeOf(state: LogReadAt): { seq: number; isDeleted: boolean; records: string[] } {
  const { seq, isDeleted, snapshot, patches } = state;
  const records = [...(snapshot === undefined ? [] : [snapshot]), ...patches];
  return { seq, isDeleted, records: records.map(({ data }) => text(data)) };
}

export function historyCompliance(start: StartLogEngine, traits: { readonly keepsHistory: boolean }): void {
  describe("readAt", () => {
    test(
      "gives every state since the newest snapshot",
      withEngine(start, async (engine) => {
        const { epoch } = await engine.open(game, "host-a");
        for (const [expectedSeq, seq] of [
          [0, 1],
          [1, 4],
          [4, 5],
          [5, 8],
        ] as const) {
          await engine.append(game, step(epoch, expectedSeq, { seq, data: bytes(`patch ${seq}`) }));
        }
        expect(madeOf(await engine.readAt(game, { seq: 0 }))).toEqual({ seq: 0, isDeleted: false, records: [] });
        const early = { seq: 1, isDeleted: false, records: ["patch 1"] };
        for (const seq of [1, 2, 3]) expect(madeOf(await engine.readAt(game, { seq }))).toEqual(early);
        await engine.snapshot(game, { epoch, seq: 4, data: bytes("state 4") });
        expect(madeOf(await engine.readAt(game, { seq: 4 }))).toEqual({
          seq: 4,
          isDeleted: false,
          records: ["state 4"],
        });
        expect(madeOf(await engine.readAt(game, { seq: 7 })).records).toEqual(["state 4", "patch 5"]);
        const head = { seq: 8, isDeleted: false, records: ["state 4", "patch 5", "patch 8"] };
        for (const seq of [8, 9, 2 ** 50]) expect(madeOf(await engine.readAt(game, { seq }))).toEqual(head);
      }),
    );

    test(
      "of a document that was never written is nothing, of a deleted one says so",
      withEngine(start, async (engine) => {
        expect(await engine.readAt(game, { seq: 5 })).toEqual({ seq: 0, isDeleted: false, patches: [] });
        const { epoch } = await grow(engine, game, 2);
        await engine.append(game, step(epoch, 2, { deletes: true }));
        expect(await engine.readAt(game, { seq: 3 })).toEqual({ seq: 3, isDeleted: true, patches: [] });
        expect(await engine.readAt(game, { seq: 9 })).toEqual({ seq: 3, isDeleted: true, patches: [] });
        await engine.append(game, step(epoch, 3));
        expect(madeOf(await engine.readAt(game, { seq: 3 }))).toEqual({ seq: 3, isDeleted: true, records: [] });
        expect(madeOf(await engine.readAt(game, { seq: 4 }))).toEqual({
          seq: 4,
          isDeleted: false,
          records: ["patch 4"],
        });
      }),
    );

    test(
      "further back gives the state, or says that it is not kept: never another one",
      withEngine(start, async (engine) => {
        const { epoch } = await grow(engine, game, 9);
        await engine.snapshot(game, { epoch, seq: 3, data: bytes("state 3") });
        await engine.snapshot(game, { epoch, seq: 6, data: bytes("state 6") });
        await engine.append(game, step(epoch, 9, { deletes: true }));
        await engine.append(game, step(epoch, 10));
        const before = [[], ["patch 1"], ["patch 1", "patch 2"], ["state 3"], ["state 3", "patch 4"]];
        for (const [seq, records] of before.entries()) {
          const outcome = await engine.readAt(game, { seq }).then(
            (state) => madeOf(state),
            (error: unknown) => error,
          );
          if (traits.keepsHistory || !(outcome instanceof Error)) {
            expect(outcome).toEqual({ seq, isDeleted: false, records });
          } else {
            expect(outcome).toMatchObject({ code: "not_found", details: { reason: "history" } });
          }
        }
        expect(madeOf(await engine.readAt(game, { seq: 10 })).isDeleted).toBe(true);
      }),
    );

    test(
      "refuses nonsense",
      withEngine(start, async (engine) => {
        for (const moment of [{ seq: -1 }, { seq: 0.5 }, { beforeMs: -1 }, { beforeMs: Number.NaN }]) {
          expect((await errorOf(engine.readAt(game, moment))).code).toBe("invalid_argument");
        }
        expect((await errorOf(engine.readAt({ space: "X", key: "y" }, { seq: 1 }))).code).toBe("invalid_argument");
      }),
    );

    test(
      "by time gives the state of that time, or says that it cannot",
      withEngine(start, async (engine) => {
        await grow(engine, game, 2);
        const outcome = await engine.readAt(game, { beforeMs: Number.MAX_SAFE_INTEGER }).then(
          (state) => madeOf(state),
          (error: unknown) => error,
        );
        if (outcome instanceof Error) expect(outcome).toMatchObject({ code: "unsupported" });
        else expect(outcome).toEqual({ seq: 2, isDeleted: false, records: ["patch 1", "patch 2"] });
      }),
    );
  });
}
