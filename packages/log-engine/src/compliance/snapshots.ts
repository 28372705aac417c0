import { describe, expect, test } from "@jest/globals";
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

export function snapshotCompliance(start: StartLogEngine): void {
  describe("snapshot", () => {
    test(
      "is what open begins with, followed by the records after it",
      withEngine(start, async (engine) => {
        const { epoch } = await grow(engine, game, 5);
        await engine.snapshot(game, { epoch, seq: 3, data: bytes("state 3") });
        const opened = await engine.open(game, "host-b");
        expect(opened.seq).toBe(5);
        expect(opened.snapshot?.seq).toBe(3);
        expect(text(opened.snapshot!.data)).toBe("state 3");
        expect(opened.patches.map((patch) => text(patch.data))).toEqual(["patch 4", "patch 5"]);
      }),
    );

    test.each([
      ["an array", (content: string) => bytes(content)],
      ["a Buffer", (content: string) => Buffer.from(content)],
    ])("takes its bytes at once, so that the caller may reuse %s", async (_, make) => {
      await withEngine(start, async (engine) => {
        const { epoch } = await grow(engine, game, 1);
        const buffer = make("state 1");
        const written = engine.snapshot(game, { epoch, seq: 1, data: buffer });
        buffer.fill(0x58);
        await written;
        expect(text((await engine.open(game, "host-b")).snapshot!.data)).toBe("state 1");
      })();
    });

    test(
      "at the head leaves no tail, and appends go on from it",
      withEngine(start, async (engine) => {
        const { epoch } = await grow(engine, game, 2);
        await engine.snapshot(game, { epoch, seq: 2, data: bytes("state 2") });
        await engine.append(game, step(epoch, 2));
        const opened = await engine.open(game, "host-a");
        expect([opened.seq, opened.snapshot?.seq, opened.patches.map((patch) => patch.seq)]).toEqual([3, 2, [3]]);
      }),
    );

    test(
      "that is older than the stored one, or the same, changes nothing",
      withEngine(start, async (engine) => {
        const { epoch } = await grow(engine, game, 4);
        await engine.snapshot(game, { epoch, seq: 3, data: bytes("state 3") });
        await engine.snapshot(game, { epoch, seq: 2, data: bytes("state 2") });
        await engine.snapshot(game, { epoch, seq: 3, data: bytes("another 3") });
        expect(text((await engine.open(game, "host-a")).snapshot!.data)).toBe("state 3");
      }),
    );

    test(
      "ahead of the log, or inside a record, is a mistake of the caller",
      withEngine(start, async (engine) => {
        const { epoch } = await engine.open(game, "host-a");
        await engine.append(game, step(epoch, 0, { seq: 4 }));
        for (const seq of [5, 3]) {
          const error = await errorOf(engine.snapshot(game, { epoch, seq, data: bytes("state") }));
          expect(error.code).toBe("invalid_argument");
        }
        expect((await engine.open(game, "host-a")).snapshot).toBeUndefined();
      }),
    );

    test(
      "of a stale epoch is fenced",
      withEngine(start, async (engine) => {
        const { epoch: old } = await grow(engine, game, 1);
        const { epoch } = await engine.open(game, "host-b");
        await expectFenced(engine.snapshot(game, { epoch: old, seq: 1, data: bytes("state") }), { epoch, seq: 1 });
        const unknown = { space: "board-game", key: "unknown" };
        await expectFenced(engine.snapshot(unknown, { epoch: 1, seq: 1, data: bytes("state") }), { epoch: 0, seq: 0 });
      }),
    );

    test(
      "of some size comes back byte for byte, while appends of others go on",
      withEngine(start, async (engine) => {
        const { epoch } = await grow(engine, game, 1);
        const data = new Uint8Array(3 * 1024 * 1024 + 5);
        for (let index = 0; index < data.length; index++) data[index] = (index * 2_654_435_761) >>> 24;
        const written = engine.snapshot(game, { epoch, seq: 1, data });
        await grow(engine, { space: "board-game", key: "g2" }, 20);
        await written;
        const opened = await engine.open(game, "host-a");
        expect(Buffer.compare(opened.snapshot!.data, data)).toBe(0);
      }),
    );

    test(
      "may be empty",
      withEngine(start, async (engine) => {
        const { epoch } = await grow(engine, game, 1);
        await engine.snapshot(game, { epoch, seq: 1, data: new Uint8Array(0) });
        expect((await engine.open(game, "host-a")).snapshot).toEqual({ seq: 1, data: expect.anything() });
      }),
    );
  });

  describe("read", () => {
    test(
      "pages through the records after a seq",
      withEngine(start, async (engine) => {
        await grow(engine, game, 7);
        expect((await engine.read(game, { afterSeq: 2, limit: 3 })).patches.map((patch) => patch.seq)).toEqual([
          3, 4, 5,
        ]);
        expect((await engine.read(game, { afterSeq: 5, limit: 3 })).patches.map((patch) => patch.seq)).toEqual([6, 7]);
        expect(await engine.read(game, { afterSeq: 7, limit: 3 })).toEqual({ patches: [] });
        expect(await engine.read(game, { afterSeq: 900, limit: 3 })).toEqual({ patches: [] });
      }),
    );

    test(
      "reaches the head from any seq, over a snapshot if need be",
      withEngine(start, async (engine) => {
        const { epoch, seq } = await grow(engine, game, 6);
        await engine.snapshot(game, { epoch, seq: 4, data: bytes("state 4") });
        for (let afterSeq = 0; afterSeq <= seq; afterSeq++) {
          const { snapshot, patches } = await engine.read(game, { afterSeq, limit: 100 });
          const begin = snapshot?.seq ?? afterSeq;
          expect(begin).toBeGreaterThanOrEqual(afterSeq);
          if (snapshot !== undefined) expect(text(snapshot.data)).toBe("state 4");
          const expected = Array.from({ length: seq - begin }, (_, index) => begin + index + 1);
          expect(patches.map((patch) => patch.seq)).toEqual(expected);
        }
      }),
    );

    test(
      "of a document never written gives nothing",
      withEngine(start, async (engine) => {
        expect(await engine.read(game, { afterSeq: 0, limit: 10 })).toEqual({ patches: [] });
      }),
    );
  });
}
