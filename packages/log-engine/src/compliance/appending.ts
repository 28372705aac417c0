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

export function appendingCompliance(start: StartLogEngine): void {
  describe("append", () => {
    test(
      "commits in order and is read back byte for byte",
      withEngine(start, async (engine) => {
        const { epoch } = await engine.open(game, "host-a");
        const data = Uint8Array.from({ length: 1000 }, (_, index) => (index * 31) % 256);
        await engine.append(game, step(epoch, 0, { data }));
        await engine.append(game, step(epoch, 1, { data: new Uint8Array(0) }));
        const { patches, snapshot } = await engine.read(game, { afterSeq: 0, limit: 10 });
        expect(snapshot).toBeUndefined();
        expect(patches.map((patch) => patch.seq)).toEqual([1, 2]);
        expect(Buffer.compare(patches[0]!.data, data)).toBe(0);
        expect(patches[1]!.data).toHaveLength(0);
      }),
    );

    test.each([
      ["an array", (content: string) => bytes(content)],
      ["a Buffer", (content: string) => Buffer.from(content)],
    ])("takes its bytes at once, so that the caller may reuse %s", async (_, make) => {
      await withEngine(start, async (engine) => {
        const { epoch } = await engine.open(game, "host-a");
        const buffer = make("first");
        const appended = engine.append(game, step(epoch, 0, { data: buffer }));
        buffer.fill(0x58);
        await appended;
        const { patches } = await engine.read(game, { afterSeq: 0, limit: 1 });
        expect(text(patches[0]!.data)).toBe("first");
      })();
    });

    test(
      "may move the sequence number by more than one",
      withEngine(start, async (engine) => {
        const { epoch } = await engine.open(game, "host-a");
        await engine.append(game, step(epoch, 0, { seq: 7 }));
        await expectFenced(engine.append(game, step(epoch, 1)), { epoch, seq: 7 });
        await engine.append(game, step(epoch, 7, { seq: 5_000_000_000 - 1_000_000_000 }));
        expect((await engine.open(game, "host-a")).seq).toBe(4_000_000_000);
      }),
    );

    test(
      "is fenced by a wrong expected seq, and nothing is written",
      withEngine(start, async (engine) => {
        const { epoch } = await grow(engine, game, 3);
        await expectFenced(engine.append(game, step(epoch, 2, { data: bytes("other") })), { epoch, seq: 3 });
        await expectFenced(engine.append(game, step(epoch, 4)), { epoch, seq: 3 });
        await expectFenced(engine.append(game, step(epoch, 0, { seq: 9 })), { epoch, seq: 3 });
        const { patches } = await engine.read(game, { afterSeq: 0, limit: 10 });
        expect(patches.map((patch) => text(patch.data))).toEqual(["patch 1", "patch 2", "patch 3"]);
      }),
    );

    test(
      "is fenced on a document that was never opened, and under an epoch that was never given",
      withEngine(start, async (engine) => {
        await expectFenced(engine.append(game, step(1, 0)), { epoch: 0, seq: 0 });
        const { epoch } = await engine.open(game, "host-a");
        await expectFenced(engine.append(game, step(epoch + 1, 0)), { epoch, seq: 0 });
        await expectFenced(engine.append(game, step(0, 0)), { epoch, seq: 0 });
      }),
    );

    test(
      "repeated byte for byte, resolves again and writes nothing",
      withEngine(start, async (engine) => {
        const { epoch } = await engine.open(game, "host-a");
        const first = step(epoch, 0, { wakeAt: 5_000 });
        await engine.append(game, first);
        await engine.append(game, first);
        await engine.append(game, step(epoch, 1));
        // Not the newest any more, but still there.
        await engine.append(game, first);
        expect((await engine.read(game, { afterSeq: 0, limit: 10 })).patches).toHaveLength(2);
        expect(await engine.due({ before: 1e12, limit: 10 })).toEqual([]);
      }),
    );

    test(
      "repeated while the first is still under way, resolves both and writes one",
      withEngine(start, async (engine) => {
        const { epoch } = await engine.open(game, "host-a");
        await Promise.all([engine.append(game, step(epoch, 0)), engine.append(game, step(epoch, 0))]);
        expect((await engine.read(game, { afterSeq: 0, limit: 10 })).patches).toHaveLength(1);
      }),
    );

    test(
      "repeated after a take-over or a snapshot of it, resolves, because it did commit",
      withEngine(start, async (engine) => {
        const { epoch } = await engine.open(game, "host-a");
        const first = step(epoch, 0);
        await engine.append(game, first);
        await engine.snapshot(game, { epoch, seq: 1, data: bytes("state 1") });
        await engine.append(game, first);
        const { epoch: newer } = await engine.open(game, "host-b");
        await engine.append(game, first);
        await expectFenced(engine.append(game, step(epoch, 1)), { epoch: newer, seq: 1 });
      }),
    );

    test(
      "almost repeated is no repetition",
      withEngine(start, async (engine) => {
        const { epoch } = await engine.open(game, "host-a");
        const first = step(epoch, 0, { wakeAt: 9 });
        await engine.append(game, first);
        const newest = { epoch, seq: 1 };
        await expectFenced(engine.append(game, { ...first, data: bytes("patch 2") }), newest);
        await expectFenced(engine.append(game, { ...first, data: bytes("patch") }), newest);
        await expectFenced(engine.append(game, { ...first, wakeAt: 10 }), newest);
        await expectFenced(engine.append(game, { ...first, seq: 2 }), newest);
        await expectFenced(engine.append(game, { ...first, deletes: true }), newest);
        // The same bytes by another owner are another record.
        const { epoch: second } = await engine.open(game, "host-b");
        await expectFenced(engine.append(game, { ...first, epoch: second }), { epoch: second, seq: 1 });
      }),
    );

    test(
      "of many documents at once keeps each apart",
      withEngine(start, async (engine) => {
        const names = Array.from({ length: 40 }, (_, index) => ({ space: "board-game", key: `g${index}` }));
        await Promise.all(names.map((name) => grow(engine, name, 5)));
        for (const name of names) {
          const opened = await engine.open(name, "host-b");
          expect(opened.patches.map((patch) => text(patch.data))).toEqual([1, 2, 3, 4, 5].map((seq) => `patch ${seq}`));
        }
      }),
    );

    test(
      "a chain sent without waiting commits as far as it is unbroken",
      withEngine(start, async (engine) => {
        const { epoch } = await engine.open(game, "host-a");
        const chain = Array.from({ length: 20 }, (_, seq) => engine.append(game, step(epoch, seq)));
        await Promise.all(chain);
        expect((await engine.open(game, "host-a")).seq).toBe(20);
      }),
    );
  });

  describe("contested writers", () => {
    test(
      "of one expected seq: exactly one wins, and its bytes are the ones kept",
      withEngine(start, async (engine) => {
        for (let round = 0; round < 20; round++) {
          const { epoch, seq } = await engine.open(game, "host-a");
          const data = Array.from({ length: 12 }, (_, writer) => bytes(`round ${round} writer ${writer}`));
          const outcomes = await Promise.allSettled(
            data.map((each) => engine.append(game, step(epoch, seq, { data: each }))),
          );
          const winners = outcomes.flatMap((outcome, writer) => (outcome.status === "fulfilled" ? [writer] : []));
          expect(winners).toHaveLength(1);
          const { patches } = await engine.read(game, { afterSeq: seq, limit: 10 });
          expect(patches.map((patch) => text(patch.data))).toEqual([`round ${round} writer ${winners[0]}`]);
        }
      }),
    );

    test(
      "who keep taking the document from each other never break the chain, and nothing acknowledged is lost",
      withEngine(start, async (engine) => {
        const acknowledged = new Map<number, string>();
        const write = async (owner: string): Promise<void> => {
          for (let turn = 0; turn < 15; turn++) {
            const { epoch, seq } = await engine.open(game, owner);
            for (let done = 0; done < 3; done++) {
              const data = `${owner} turn ${turn} step ${done}`;
              const appended = await engine.append(game, step(epoch, seq + done, { data: bytes(data) })).then(
                () => true,
                () => false,
              );
              if (!appended) break;
              expect(acknowledged.has(seq + done + 1)).toBe(false);
              acknowledged.set(seq + done + 1, data);
            }
          }
        };
        await Promise.all(["host-a", "host-b", "host-c"].map(write));
        const { patches } = await engine.read(game, { afterSeq: 0, limit: 1000 });
        expect(patches.map((patch) => patch.seq)).toEqual(patches.map((_, index) => index + 1));
        expect(new Map(patches.map((patch) => [patch.seq, text(patch.data)]))).toEqual(
          new Map([...acknowledged].sort(([a], [b]) => a - b)),
        );
        expect(acknowledged.size).toBeGreaterThan(0);
      }),
    );
  });
}
