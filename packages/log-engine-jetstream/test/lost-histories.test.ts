import { crc32 } from "node:zlib";
import { describe, expect, test } from "@jest/globals";
import type { JetStreamManager } from "@nats-io/jetstream";
import { type RecordHead, recordHeaders } from "../src/record.ts";
import { Bench, game, grow, places, step, until } from "./support/bench.ts";

const bench = new Bench();

async function publish(jsm: JetStreamManager, head: RecordHead, text: string): Promise<void> {
  const data = Buffer.from(text);
  const payload = { chunks: [], size: data.length, crc: crc32(data) };
  await jsm.jetstream().publish(places.documentSubject, data, { headers: recordHeaders(head, payload) });
}

/** The stream loses these messages. */
async function lose(jsm: JetStreamManager, ...streamSeqs: readonly number[]): Promise<void> {
  for (const streamSeq of streamSeqs) await jsm.streams.deleteMessage(places.documentStream, streamSeq);
}

describe("streams that have lost or let in what they should not", () => {
  bench.eachServer((start) => {
    test("an epoch that only a record that does not count knows of is not given again", async () => {
      const server = await start();
      const engine = await bench.open(server);
      await grow(engine, 3);
      const jsm = await bench.admin(server);
      const history = { lineage: 0, baseSeq: 0, restsOnSnapshot: false, isDeleted: false };
      // Its take-over is lost, and the record behind it follows what is not the head.
      await publish(jsm, { kind: "append", epoch: 9, expectedSeq: 1, seq: 2, ...history }, "of a lost epoch");
      const { epoch, seq } = await (await bench.open(server)).open(game, "host-b");
      expect([epoch, seq]).toEqual([10, 3]);
    });

    test("an epoch that only a snapshot knows of is not given again", async () => {
      const server = await start();
      const engine = await bench.open(server);
      await grow(engine, 2);
      const { epoch } = await engine.open(game, "host-b");
      await engine.append(game, step(epoch, 2));
      await engine.snapshot(game, { epoch, seq: 3, data: Buffer.from("state 3") });
      await engine.close();
      const jsm = await bench.admin(server);
      await lose(jsm, 5, 4);
      const { epoch: next, seq } = await (await bench.open(server)).open(game, "host-c");
      expect([next, seq]).toEqual([epoch + 1, 3]);
    });

    test("a document without its beginning, or without the snapshot it came with, is reported and not served", async () => {
      const server = await start();
      const engine = await bench.open(server);
      await grow(engine, 4);
      const jsm = await bench.admin(server);
      await lose(jsm, 1, 2);
      const damaged = { code: "internal", details: { reason: "damaged" } };
      await expect((await bench.open(server)).open(game, "host-b")).rejects.toMatchObject(damaged);

      const snapshot = { seq: 40, data: Buffer.from("state 40") };
      const patches = [{ seq: 41, data: Buffer.from("patch 41") }];
      await engine.install(game, { epoch: 5, afterSeq: 40, replaces: true, isDeleted: false, snapshot, patches });
      expect((await engine.open(game, "host-b")).seq).toBe(41);
      await jsm.streams.purge(places.snapshotStream, { filter: places.snapshotSubject });
      await expect((await bench.open(server)).open(game, "host-b")).rejects.toMatchObject(damaged);
    });

    test("of a deleted document the record that says so stays, whatever is purged before it", async () => {
      const server = await start();
      const engine = await bench.open(server, { purgesPerSecond: 1_000 });
      const { epoch, seq } = await grow(engine, 3);
      await engine.append(game, step(epoch, seq, { deletes: true, data: Buffer.from("the end") }));
      const jsm = await bench.admin(server);
      const info = await until(
        () => jsm.streams.info(places.documentStream, { subjects_filter: ">" }),
        ({ state }) => state.messages <= 1,
      );
      expect(info.state.subjects).toEqual({ [places.documentSubject]: 1 });
      const { epoch: next, deletion } = await (await bench.open(server)).open(game, "host-b");
      expect([next, deletion?.seq, Buffer.from(deletion!.data).toString()]).toEqual([epoch + 1, 4, "the end"]);
    });

    test("an installed document has nothing of a snapshot whose history the stream has lost", async () => {
      const server = await start();
      // Nothing is purged meanwhile.
      const engine = await bench.open(server, { purgesPerSecond: 0.001 });
      const { epoch } = await grow(engine, 1);
      await engine.append(game, step(epoch, 1, { deletes: true }));
      await engine.append(game, step(epoch, 2));
      await engine.snapshot(game, { epoch, seq: 3, data: Buffer.from("second life") });
      const jsm = await bench.admin(server);
      const { state } = await jsm.streams.info(places.documentStream);
      await lose(jsm, state.last_seq, state.last_seq - 1);
      await engine.close();
      await server.kill("SIGTERM");
      await server.start();
      const next = await bench.open(server, { purgesPerSecond: 0.001 });
      const patches = [{ seq: 5, data: Buffer.from("from elsewhere") }];
      await next.install(game, { epoch: 5, afterSeq: 4, replaces: true, isDeleted: false, patches });
      const opened = await next.open(game, "host-b");
      expect([opened.seq, opened.snapshot, opened.patches.map(({ seq }) => seq)]).toEqual([5, undefined, [5]]);
    });
  });
});
