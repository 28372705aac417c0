import { describe, expect, test } from "@jest/globals";
import { noLogger, noMetrics, SystemClock, SystemRandom } from "@tidewire/foundation";
import { DueTimers } from "../src/due-timers.ts";
import { Layout } from "../src/layout.ts";
import { JetStreamLogMetrics } from "../src/metrics.ts";
import { defaultJetStreamLogOptions } from "../src/options.ts";
import { Payloads } from "../src/payloads.ts";
import { Publisher } from "../src/publisher.ts";
import { Snapshots } from "../src/snapshots.ts";
import { SubjectReader } from "../src/subject-reader.ts";
import type { NatsProcess } from "../src/testing/index.ts";
import { Trimmer } from "../src/trimmer.ts";
import { Bench, errorOf, game, grow, places, step } from "./support/bench.ts";

const bench = new Bench();

/** The parts that write to the streams, as one more process has them. */
async function partsOver(server: NatsProcess): Promise<{ readonly snapshots: Snapshots; readonly due: DueTimers }> {
  const link = await bench.link(server);
  const clock = new SystemClock();
  const metrics = new JetStreamLogMetrics(noMetrics);
  const modules = { link, clock, random: new SystemRandom(), logger: noLogger, metrics };
  const publisher = new Publisher(modules, 5_000);
  const reader = new SubjectReader({ link, clock, silenceMs: 2_000 });
  const payloads = new Payloads({ link, publisher, reader }, 1_024);
  const trimmer = new Trimmer(modules, 1_000, 10);
  const due = new DueTimers(
    { ...modules, publisher, trimmer, layout: new Layout("tidewire", 2) },
    { ...defaultJetStreamLogOptions, dueGraceMs: 0 },
  );
  return { snapshots: new Snapshots({ reader, publisher, payloads, trimmer }), due };
}

describe("what a process knows that is old", () => {
  bench.eachServer((start) => {
    test("of a head only costs a question: who may write is not refused by it", async () => {
      const server = await start();
      const [a, b] = [await bench.open(server), await bench.open(server)];
      const { epoch: old, seq } = await grow(a, 1);
      const { epoch } = await b.open(game, "host-b");
      await a.append(game, step(epoch, seq));
      await b.append(game, step(epoch, seq + 1));
      await a.append(game, step(epoch, seq + 2));
      expect((await errorOf(b.append(game, step(old, seq + 3)))).details).toEqual({ epoch, seq: seq + 3 });
    });

    test("of the newest snapshot keeps its own out: a later one is not followed by an earlier one", async () => {
      const server = await start();
      const engine = await bench.open(server);
      const { epoch } = await grow(engine, 5);
      const { snapshots } = await partsOver(server);
      const before = await snapshots.newest(places);
      await engine.snapshot(game, { epoch, seq: 5, data: Buffer.from("state 5") });
      const head = { epoch, seq: 3, lineage: 0, recordStreamSeq: 4 };
      expect(await snapshots.write(places, head, Buffer.from("state 3"), before)).toBe(false);
      expect((await engine.open(game, "host-b")).snapshot?.seq).toBe(5);
      const now = await snapshots.newest(places);
      const next = { epoch, seq: 5, lineage: 0, recordStreamSeq: 6 };
      expect(await snapshots.write(places, next, Buffer.from("again"), now)).toBe(true);
    });

    test("of a timer's entry does not put it later than another process has just set it", async () => {
      const server = await start();
      const engine = await bench.open(server);
      const { epoch, seq } = await grow(engine, 1);
      await engine.append(game, step(epoch, seq, { wakeAt: 500 }));
      const jsm = await bench.admin(server);
      const entry = async (): Promise<string | undefined> =>
        (await jsm.streams.getMessage("tidewire_DUE", { last_by_subj: places.dueSubject }))?.string();
      expect(await entry()).toBe("500");
      const { due } = await partsOver(server);
      const stale = { document: game, at: 400, streamSeq: 99, writtenAt: 0 };
      const head = { epoch, seq, isDeleted: false };
      await due.settle(stale, places.dueSubject, { ...head, wakeAt: 9_000 });
      expect(await entry()).toBe("500");
      // An earlier one is right whatever is there.
      await due.settle(stale, places.dueSubject, { ...head, wakeAt: 300 });
      expect(await entry()).toBe("300");
    });

    test("a timer's entry that the log does not confirm yet stays for those whose append is under way", async () => {
      const server = await start();
      const [a, b] = [await bench.open(server), await bench.open(server)];
      const { epoch: old, seq } = await grow(a, 1);
      await b.open(game, "host-b");
      // The entry is written before the append, which loses.
      const error = await errorOf(a.append(game, step(old, seq, { wakeAt: 1_000 })));
      expect(error.code).toBe("fenced");
      expect(await a.due({ before: 2_000, limit: 5 })).toEqual([]);
      const { epoch } = await a.open(game, "host-a");
      await a.append(game, step(epoch, seq, { wakeAt: 1_500 }));
      const jsm = await bench.admin(server);
      const entry = await jsm.streams.getMessage("tidewire_DUE", { last_by_subj: places.dueSubject });
      expect(entry?.string()).toBe("1000");
      expect(await a.due({ before: 2_000, limit: 5 })).toEqual([{ document: game, wakeAt: 1_500 }]);
    });

    test("the first of many timers is the one the log says, not the one whose entry comes first", async () => {
      const engine = await bench.open(await start());
      const moved = { space: "board-game", key: "moved" };
      const { epoch } = await engine.open(moved, "host-a");
      await engine.append(moved, step(epoch, 0, { wakeAt: 1_000 }));
      await engine.append(moved, step(epoch, 1, { wakeAt: 5_000 }));
      const { epoch: other } = await engine.open(game, "host-a");
      await engine.append(game, step(other, 0, { wakeAt: 2_000 }));
      expect(await engine.due({ before: 9_000, limit: 1 })).toEqual([{ document: game, wakeAt: 2_000 }]);
    });
  });
});
