import { describe, expect, test } from "@jest/globals";
import type { DocumentName } from "@tidewire/foundation";
import { bytes, expectFenced, game, grow, type StartLogEngine, step, withEngine } from "./log-engine-under-test.ts";

export function ownershipCompliance(start: StartLogEngine): void {
  describe("open", () => {
    test(
      "gives an empty log for a document never written, and a growing epoch",
      withEngine(start, async (engine) => {
        const first = await engine.open(game, "host-a");
        expect(first).toEqual({ epoch: first.epoch, seq: 0, isDeleted: false, patches: [] });
        expect(first.epoch).toBeGreaterThan(0);
        const second = await engine.open(game, "host-b");
        expect(second.epoch).toBeGreaterThan(first.epoch);
        const third = await engine.open(game, "host-b");
        expect(third.epoch).toBeGreaterThan(second.epoch);
      }),
    );

    test(
      "shuts older epochs out for good",
      withEngine(start, async (engine) => {
        const { epoch: old } = await grow(engine, game, 2, "host-a");
        const { epoch, seq } = await engine.open(game, "host-b");
        expect(seq).toBe(2);
        await expectFenced(engine.append(game, step(old, 2)), { epoch, seq: 2 });
        await engine.append(game, step(epoch, 2));
        await expectFenced(engine.append(game, step(old, 3)), { epoch, seq: 3 });
        await expectFenced(engine.snapshot(game, { epoch: old, seq: 3, data: bytes("state") }), { epoch, seq: 3 });
      }),
    );

    test(
      "of many at once: every epoch is given once, and only the newest writes",
      withEngine(start, async (engine) => {
        const owners = Array.from({ length: 12 }, (_, index) => `host-${index}`);
        const opened = await Promise.all(owners.map((owner) => engine.open(game, owner)));
        const epochs = opened.map(({ epoch }) => epoch);
        expect(new Set(epochs).size).toBe(12);
        const newest = Math.max(...epochs);
        const outcomes = await Promise.allSettled(
          epochs.map((epoch) => engine.append(game, step(epoch, 0, { data: bytes(`epoch ${epoch}`) }))),
        );
        const winners = epochs.filter((_, index) => outcomes[index]!.status === "fulfilled");
        expect(winners).toEqual([newest]);
      }),
    );

    test(
      "sent right behind appends sees those that committed, and no more appear later",
      withEngine(start, async (engine) => {
        const { epoch } = await engine.open(game, "host-a");
        const appends = Array.from({ length: 10 }, (_, seq) => engine.append(game, step(epoch, seq)));
        const settled = Promise.allSettled(appends);
        const opened = await engine.open(game, "host-b");
        const committed = (await settled).filter((outcome) => outcome.status === "fulfilled").length;
        expect(opened.seq).toBe(committed);
        expect(opened.patches).toHaveLength(committed);
        expect((await engine.read(game, { afterSeq: 0, limit: 100 })).patches).toHaveLength(committed);
      }),
    );
  });

  describe("release", () => {
    test(
      "never fails on an epoch that is past, and does not disturb the newer owner",
      withEngine(start, async (engine) => {
        const { epoch: old } = await engine.open(game, "host-a");
        const { epoch } = await engine.open(game, "host-b");
        await engine.release(game, old);
        await engine.release({ space: "board-game", key: "unknown" }, 3);
        await engine.append(game, step(epoch, 0));
        await engine.release(game, epoch);
        await engine.release(game, epoch);
        expect((await engine.open(game, "host-c")).seq).toBe(1);
      }),
    );
  });

  describe("watchFenced", () => {
    test(
      "tells an owner which document was taken and by which epoch",
      withEngine(start, async (engine) => {
        const told = new Told();
        const stop = engine.watchFenced("host-a", told.listener);
        const other = { space: "board-game", key: "g2" };
        await engine.open(game, "host-a");
        await engine.open(other, "host-a");
        const { epoch } = await engine.open(game, "host-b");
        const { epoch: again } = await engine.open(other, "host-c");
        await told.until(2);
        expect(told.events).toEqual([
          { document: game, epoch },
          { document: other, epoch: again },
        ]);
        stop();
      }),
    );

    test(
      "tells every owner in turn, also one whose document a former owner releases too late",
      withEngine(start, async (engine) => {
        const [a, b, c] = [new Told(), new Told(), new Told()] as const;
        engine.watchFenced("host-a", a.listener);
        engine.watchFenced("host-b", b.listener);
        engine.watchFenced("host-c", c.listener);
        const { epoch: first } = await engine.open(game, "host-a");
        const { epoch: second } = await engine.open(game, "host-b");
        await a.until(1);
        await engine.release(game, first);
        const { epoch: third } = await engine.open(game, "host-c");
        await b.until(1);
        const { epoch: fourth } = await engine.open(game, "host-a");
        await c.until(1);
        // An engine may tell an owner again of what was taken from the next one, too.
        const told = [a, b, c].map(({ events }) => events[0]);
        expect(told).toEqual([second, third, fourth].map((epoch) => ({ document: game, epoch })));
      }),
    );

    test(
      "is silent about own re-opens, released documents, other owners, and after unsubscribing",
      withEngine(start, async (engine) => {
        const told = new Told();
        const stopped = new Told();
        const stop = engine.watchFenced("host-a", told.listener);
        const stopAtOnce = engine.watchFenced("host-a", stopped.listener);
        const documents = ["reopened", "released", "foreign", "last"].map((key) => ({ space: "board-game", key }));
        const [reopened, released, foreign, last] = documents as [
          DocumentName,
          DocumentName,
          DocumentName,
          DocumentName,
        ];
        await engine.open(reopened, "host-a");
        await engine.open(reopened, "host-a");
        const { epoch } = await engine.open(released, "host-a");
        await engine.release(released, epoch);
        await engine.open(released, "host-b");
        await engine.open(foreign, "host-b");
        await engine.open(foreign, "host-c");
        await engine.open(last, "host-a");
        stopAtOnce();
        const { epoch: taken } = await engine.open(last, "host-b");
        await told.until(1);
        expect(told.events).toEqual([{ document: last, epoch: taken }]);
        expect(stopped.events).toEqual([]);
        stop();
      }),
    );
  });
}

/** Collects fence events and lets a test wait for their number. */
class Told {
  readonly events: { readonly document: DocumentName; readonly epoch: number }[] = [];
  #arrived = (): void => {};

  readonly listener = (document: DocumentName, epoch: number): void => {
    this.events.push({ document: { space: document.space, key: document.key }, epoch });
    this.#arrived();
  };

  async until(count: number): Promise<void> {
    while (this.events.length < count) {
      await new Promise<void>((resolve) => {
        this.#arrived = resolve;
      });
    }
  }
}
