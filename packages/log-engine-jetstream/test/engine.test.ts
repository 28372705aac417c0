import { readdirSync, readFileSync } from "node:fs";
import { crc32 } from "node:zlib";
import { expect, test } from "@jest/globals";
import type { MsgHdrs } from "@nats-io/nats-core";
import type { ServiceError } from "@tidewire/foundation";
import { type RecordHead, recordHeaders } from "../src/record.ts";
import { Bench, errorOf, game, grow, places, step, until } from "./support/bench.ts";
import { countedMetrics } from "./support/counted-metrics.ts";

const bench = new Bench();

bench.eachServer((start) => {
  test("patches and snapshots larger than a message of the server come back, also after trimming", async () => {
    const server = await start({ maxPayload: 256 * 1024 });
    const engine = await bench.open(server, { purgesPerSecond: 1_000 });
    const { epoch } = await engine.open(game, "host-a");
    const large = (fill: number): Buffer => Buffer.alloc(8 * 1024 * 1024 + fill, fill);
    const append = step(epoch, 0, { data: large(1) });
    await engine.append(game, append);
    await engine.append(game, append);
    await engine.snapshot(game, { epoch, seq: 1, data: large(2) });
    for (const seq of [1, 2, 3]) await engine.append(game, step(epoch, seq, { data: large(10 + seq) }));
    await engine.snapshot(game, { epoch, seq: 3, data: large(3) });
    await engine.append(game, step(epoch, 4));
    // The first record is gone; what the spare snapshot needs is not.
    const jsm = await bench.admin(server);
    await until(
      () => jsm.streams.info(places.documentStream, { subjects_filter: ">" }),
      (info) => (info.state.subjects?.[places.documentSubject] ?? 0) === 5,
    );
    const fresh = await bench.open(server);
    const { snapshot, patches, seq } = await fresh.open(game, "host-b");
    expect([seq, snapshot?.seq, patches.map((patch) => patch.seq)]).toEqual([5, 3, [4, 5]]);
    expect(Buffer.compare(snapshot!.data, large(3))).toBe(0);
    expect(Buffer.compare(patches[0]!.data, large(13))).toBe(0);
    // A repetition is still one when a snapshot has replaced its bytes.
    await fresh.append(game, step(epoch, 0, { data: large(1) })).catch((error: ServiceError) => {
      expect(error.code).toBe("fenced");
    });
    const past = await fresh.readAt(game, { seq: 2 });
    expect([past.snapshot?.seq, past.patches.map((patch) => patch.seq)]).toEqual([1, [2]]);
  });

  test("a damaged snapshot is replaced by the spare and the patches after it", async () => {
    const server = await start();
    const engine = await bench.open(server, { purgesPerSecond: 1_000 });
    const { epoch } = await grow(engine, 6);
    for (const seq of [2, 4, 6]) await engine.snapshot(game, { epoch, seq, data: Buffer.from(`state ${seq}`) });
    const jsm = await bench.admin(server);
    const last = await jsm.streams.getMessage(places.snapshotStream, { last_by_subj: places.snapshotSubject });
    withoutExpectations(last!.header);
    await jsm.jetstream().publish(places.snapshotSubject, Buffer.from("state X"), { headers: last!.header });
    const { snapshot, patches } = await engine.open(game, "host-b");
    expect([snapshot?.seq, Buffer.from(snapshot!.data).toString()]).toEqual([6, "state 6"]);
    expect(patches).toEqual([]);
  });

  test("records that are gone or damaged are reported, and only their document is", async () => {
    const server = await start();
    const { sink, values } = countedMetrics();
    const engine = await bench.open(server, {}, sink);
    const { epoch, seq } = await grow(engine, 4);
    const other = { space: "board-game", key: "other" };
    const { epoch: otherEpoch } = await engine.open(other, "host-a");
    const jsm = await bench.admin(server);
    const second = await jsm.streams.getMessage(places.documentStream, { seq: 3 });
    expect(second?.header.get("Doc-Seq")).toBe("2");
    await jsm.streams.deleteMessage(places.documentStream, 3);
    const error = await errorOf(engine.open(game, "host-b"));
    expect([error.code, error.details]).toEqual(["internal", { reason: "damaged" }]);
    expect(values.get("damaged_total")).toBeGreaterThan(0);
    // Its owner goes on, and the next snapshot heals it.
    await engine.append(game, step(epoch, seq));
    await engine.snapshot(game, { epoch, seq: seq + 1, data: Buffer.from("whole") });
    expect((await engine.open(game, "host-b")).snapshot?.seq).toBe(5);
    await engine.append(other, step(otherEpoch, 0));
  });

  test("without NATS everything fails at once with the reason, and goes on when it is back", async () => {
    const server = await start();
    const { sink, values } = countedMetrics();
    const engine = await bench.open(server, {}, sink);
    const { epoch, seq } = await grow(engine, 1);
    const append = step(epoch, seq);
    server.signal("SIGSTOP");
    const underWay = errorOf(engine.append(game, append));
    await server.kill();
    const unknown = await underWay;
    expect([unknown.code, unknown.retryable, unknown.details]).toEqual(["unavailable", true, { reason: "nats_away" }]);
    for (const attempt of [
      engine.append(game, append),
      engine.open(game, "host-a"),
      engine.read(game, { afterSeq: 0, limit: 1 }),
      engine.due({ before: 1, limit: 1 }),
      engine.list("board-game", { limit: 1 }),
    ]) {
      const error = await errorOf(attempt);
      expect([error.code, error.details]).toEqual(["unavailable", { reason: "nats_away" }]);
    }
    expect([engine.status.isConnected, values.get("is_connected")]).toEqual([false, 0]);
    await server.start();
    await until(
      async () => engine.status.isConnected,
      (isConnected) => isConnected,
    );
    await engine.append(game, append);
    expect((await engine.read(game, { afterSeq: 0, limit: 9 })).patches).toHaveLength(2);
    await engine.due({ before: 1, limit: 1 });
  });

  test("what waits for NATS is bounded", async () => {
    const server = await start();
    const { sink, values } = countedMetrics();
    const limits = { recordMaxBytes: 1_000, snapshotMaxBytes: 1_000, pageMax: 10, seqStepMax: 10 };
    const engine = await bench.open(server, { queueMaxBytes: 2_000, limits }, sink);
    const { epoch } = await engine.open(game, "host-a");
    const outcomes = await Promise.allSettled(
      [0, 1, 2].map((seq) => engine.append(game, step(epoch, seq, { data: Buffer.alloc(1_000) }))),
    );
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "rejected"]);
    expect((outcomes[2] as PromiseRejectedResult).reason.code).toBe("overloaded");
    expect([values.get("overloaded_total"), values.get("queued_bytes")]).toEqual([1, 0]);
  });

  test("a log that comes back shorter is reported, and the next owner goes on from it", async () => {
    const server = await start();
    const { sink, values } = countedMetrics();
    const engine = await bench.open(server, {}, sink);
    const { epoch, seq } = await grow(engine, 3);
    const jsm = await bench.admin(server);
    const { state } = await jsm.streams.info(places.documentStream);
    await jsm.streams.deleteMessage(places.documentStream, state.last_seq);
    // As it happens: the server comes back, and has less. (An old server looks for the newest message only then.)
    await server.kill("SIGTERM");
    await server.start();
    await until(
      async () => engine.status.isConnected,
      (isConnected) => isConnected,
    );
    const error = await errorOf(engine.append(game, step(epoch, seq)));
    expect([error.code, error.details]).toEqual(["fenced", { epoch, seq: 2 }]);
    expect(values.get("shortened_total")).toBe(1);
    const again = await engine.open(game, "host-a");
    expect([again.seq, again.patches.length]).toEqual([2, 2]);
    await engine.append(game, step(again.epoch, 2));
  });

  test("an epoch that came back lost is not given twice by a process that has given it", async () => {
    const server = await start();
    const engine = await bench.open(server);
    await grow(engine, 2);
    const { epoch: lost } = await engine.open(game, "host-b");
    const jsm = await bench.admin(server);
    const { state } = await jsm.streams.info(places.documentStream);
    await jsm.streams.deleteMessage(places.documentStream, state.last_seq);
    await server.kill("SIGTERM");
    await server.start();
    await until(
      async () => engine.status.isConnected,
      (isConnected) => isConnected,
    );
    const { epoch, seq } = await engine.open(game, "host-c");
    expect([epoch > lost, seq]).toEqual([true, 2]);
    expect((await errorOf(engine.append(game, step(lost, 2)))).details).toEqual({ epoch, seq: 2 });
    await engine.append(game, step(epoch, 2));
  });

  test("a log that ends before its snapshot goes on from the snapshot", async () => {
    const server = await start();
    const { sink, values } = countedMetrics();
    const engine = await bench.open(server, {}, sink);
    const { epoch } = await grow(engine, 3);
    await engine.snapshot(game, { epoch, seq: 3, data: Buffer.from("state 3") });
    await engine.close();
    const jsm = await bench.admin(server);
    const { state } = await jsm.streams.info(places.documentStream);
    for (const lost of [state.last_seq, state.last_seq - 1])
      await jsm.streams.deleteMessage(places.documentStream, lost);
    const next = await bench.open(server, {}, sink);
    const { epoch: newer, seq, snapshot, patches } = await next.open(game, "host-b");
    expect([newer, seq, snapshot?.seq, patches]).toEqual([2, 3, 3, []]);
    expect(values.get("shortened_total")).toBe(1);
    await next.append(game, step(newer, 3));
    const whole = await next.open(game, "host-c");
    expect([whole.seq, whole.snapshot?.seq, whole.patches.length]).toEqual([4, 3, 1]);
  });

  test("a record that a broken stream let in from a stale writer does not count", async () => {
    const server = await start();
    const { sink, values } = countedMetrics();
    const engine = await bench.open(server, {}, sink);
    const { epoch: old } = await grow(engine, 1);
    await engine.open(game, "host-b");
    const jsm = await bench.admin(server);
    // As if the compare-and-set had failed: a record of the former epoch behind the take-over.
    const stale = await jsm.streams.getMessage(places.documentStream, { seq: 2 });
    expect([stale?.header.get("Doc-Epoch"), old]).toEqual(["1", 1]);
    withoutExpectations(stale!.header);
    await jsm.jetstream().publish(places.documentSubject, stale!.data, { headers: stale!.header });
    const { epoch, seq, patches } = await engine.open(game, "host-c");
    expect([epoch, seq, patches.map((patch) => patch.seq)]).toEqual([3, 1, [1]]);
    expect(values.get("void_records_total")).toBe(1);
    await engine.append(game, step(epoch, 1));
    expect((await engine.open(game, "host-c")).patches.map((patch) => patch.seq)).toEqual([1, 2]);
  });

  test("a record that does not count is not what a repeated append asks for", async () => {
    const server = await start();
    const { epoch: old } = await grow(await bench.open(server), 1);
    const engine = await bench.open(server);
    const { epoch, seq } = await engine.open(game, "host-b");
    const late = step(old, seq, { data: Buffer.from("too late") });
    const history = { lineage: 0, baseSeq: 0, restsOnSnapshot: false, isDeleted: false };
    const head: RecordHead = { kind: "append", epoch: old, expectedSeq: seq, seq: seq + 1, ...history };
    const payload = { chunks: [], size: late.data.length, crc: crc32(late.data) };
    const jsm = await bench.admin(server);
    await jsm.jetstream().publish(places.documentSubject, late.data, { headers: recordHeaders(head, payload) });
    const fresh = await bench.open(server);
    const error = await errorOf(fresh.append(game, late));
    expect([error.code, error.details]).toEqual(["fenced", { epoch, seq }]);
  });

  test("a document that is opened again and again, and never written, stays small", async () => {
    const server = await start();
    const engine = await bench.open(server, { purgesPerSecond: 1_000 });
    await grow(engine, 2);
    for (let round = 0; round < 80; round++) await engine.open(game, `host-${round % 2}`);
    const jsm = await bench.admin(server);
    const filter = { subjects_filter: ">" };
    await until(
      () => jsm.streams.info(places.documentStream, filter),
      (info) => (info.state.subjects?.[places.documentSubject] ?? 99) < 60,
    );
    const { seq, patches } = await engine.open(game, "host-z");
    expect([seq, patches.length]).toEqual([2, 2]);
  });

  test("an append that a server answers late is stored once", async () => {
    const server = await start();
    const { sink, values } = countedMetrics();
    // Half of it is for the first attempt; a busy machine may notice that late.
    const engine = await bench.open(server, { writeTimeoutMs: 4_000 }, sink);
    const { epoch, seq } = await grow(engine, 1);
    server.signal("SIGSTOP");
    // A thread on another processor runs on until it notices.
    await until(
      async () => threadStates(server.pid),
      (states) => states.every((state) => state === "T"),
    );
    const late = engine.append(game, step(epoch, seq));
    const retried = until(
      async () => values.get("retries_total") ?? 0,
      (retries) => retries > 0,
    );
    const tooSoon = late.then(() => {
      throw new Error("it was answered by a server that stands still");
    });
    await Promise.race([retried, tooSoon]);
    tooSoon.catch(() => {});
    server.signal("SIGCONT");
    await late;
    await engine.append(game, step(epoch, seq + 1));
    expect((await engine.open(game, "host-b")).patches.map((patch) => patch.seq)).toEqual([1, 2, 3]);
    expect(values.get("void_records_total")).toBeUndefined();
  });
});

function threadStates(pid: number): string[] {
  const stats = readdirSync(`/proc/${pid}/task`).map((id) => readFileSync(`/proc/${pid}/task/${id}/stat`, "latin1"));
  return stats.map((stat) => stat.slice(stat.lastIndexOf(")") + 2).charAt(0));
}

/** So that a stored message can be stored again as it is. */
function withoutExpectations(headers: MsgHdrs): void {
  headers.delete("Nats-Msg-Id");
  headers.delete("Nats-Expected-Last-Subject-Sequence");
}
