import { describe, expect, it } from "@jest/globals";
import { ServiceError } from "@tidewire/foundation";
import { ScriptedHost } from "./support/scripted-host.ts";
import { TestEdge } from "./support/test-edge.ts";

const document = { space: "conformance", key: "k1" };

describe("a document stream", () => {
  it("begins with a snapshot and goes on with deltas, as the host wrote them", async () => {
    const edge = await TestEdge.start();
    const client = await edge.connectWithStream({ viewState: { zoom: 2 } });
    expect(edge.hosts[0].connects[0]).toMatchObject({ viewState: '{"zoom":2}', hashEvery: false, tableVersion: 1 });
    edge.document.change({ value: 1, text: "é\u2028" });
    edge.hosts[0].deliver();
    await edge.settle();
    expect(client.of(7)).toEqual([
      { id: 7, snapshot: { "@s": 1, value: 0 } },
      { id: 7, delta: { "@s": 2, value: 1, text: "é\u2028" } },
    ]);
  });

  it("passes a resume on, and its answer back", async () => {
    const edge = await TestEdge.start();
    const { seq, hash } = edge.document;
    const client = await edge.connectWithStream({ resume: { seq, hash } });
    expect(client.of(7)).toEqual([{ id: 7, delta: { "@s": 1, "@h": hash } }]);
  });

  it("is served from scratch when the resume can be no hash", async () => {
    const edge = await TestEdge.start();
    const client = await edge.connectWithStream({ resume: { seq: 1, hash: "x".repeat(60) } });
    expect(edge.hosts[0].connects[0]?.resume).toBeUndefined();
    expect(client.kinds(7)).toEqual(["snapshot"]);
  });

  it.each(["forbidden", "not_found", "invalid_argument", "internal"] as const)(
    "fails with the host's %s",
    async (code) => {
      const edge = await TestEdge.start();
      edge.hosts[0].refusal = new ServiceError(code, "no");
      const client = await edge.connectWithStream();
      expect(client.of(7)).toEqual([{ id: 7, error: expect.objectContaining({ code, retryable: false }) }]);
      edge.hosts[0].refusal = undefined;
      client.up({ id: 7, method: "connection/create", ...document });
      await edge.settle();
      expect(client.kinds(7)).toEqual(["error", "snapshot"]);
    },
  );

  it("ends when the document is deleted, with one end frame", async () => {
    const edge = await TestEdge.start();
    const client = await edge.connectWithStream();
    edge.hosts[0].endStreams(new ServiceError("not_found", "the document was deleted"));
    await edge.settle(60_000);
    expect(client.of(7).slice(1)).toEqual([
      { id: 7, end: { code: "not_found", message: "the document was deleted", retryable: false } },
    ]);
  });

  it("gives a client without room what led up to the end, before the end", async () => {
    const edge = await TestEdge.start({ limits: { socketBufferMaxBytes: 1 } });
    const client = await edge.connectWithStream();
    client.isStalled = true;
    client.bufferedBytes = 1;
    edge.document.change({ value: 1 });
    edge.hosts[0].deliver();
    await edge.settle();
    expect(client.kinds(7)).toEqual(["snapshot"]);
    edge.hosts[0].endStreams(new ServiceError("not_found", "deleted"));
    await edge.settle();
    expect(client.kinds(7)).toEqual(["snapshot", "delta", "end"]);
    expect(client.views.get(7)?.value).toEqual({ value: 1 });
  });

  it("ends when the client says so; the result comes first and the id is free", async () => {
    const edge = await TestEdge.start();
    const client = await edge.connectWithStream();
    client.up({ id: 8, method: "connection/end", connection: 7 });
    expect(client.frames.slice(1)).toEqual([
      { id: 8, result: {} },
      { id: 7, end: { code: "ended", message: "ended by the client", retryable: false } },
    ]);
    await edge.settle();
    expect(edge.hosts[0].viewers.size).toBe(0);
    client.up({ id: 7, method: "connection/create", ...document });
    await edge.settle();
    expect(client.kinds(7)).toEqual(["snapshot", "end", "snapshot"]);
    expect(edge.hosts[0].connects[0]?.viewer).not.toBe(edge.hosts[0].connects[1]?.viewer);
  });

  it("lets go of everything when the socket goes", async () => {
    const edge = await TestEdge.start();
    const client = await edge.connectWithStream();
    client.session.closed();
    await edge.settle();
    expect(edge.hosts[0].viewers.size).toBe(0);
    expect(edge.directory.listenerCount).toBe(0);
    expect(edge.edge.sessionCount).toBe(0);
    edge.document.change({ value: 5 });
    edge.hosts[0].deliver();
    await edge.settle();
    expect(client.of(7)).toHaveLength(1);
  });

  it("carries sends to its document", async () => {
    const edge = await TestEdge.start();
    const client = await edge.connectWithStream();
    client.up({ id: 8, method: "connection/send", connection: 7, message: "add", arg: { by: 2 }, marker: "m" });
    await edge.settle();
    expect(client.last(8)?.result).toEqual({ seq: 1, value: { echo: "add" } });
    expect(edge.hosts[0].sends[0]).toMatchObject({ ...document, arg: '{"by":2}', marker: "m" });
  });

  it("carries view states, also to the next host", async () => {
    const edge = await TestEdge.start();
    const client = await edge.connectWithStream({ viewState: 1 });
    client.up({ id: 8, method: "connection/update", connection: 7, viewState: { zoom: 3 } });
    await edge.settle();
    expect(client.last(8)?.result).toEqual({});
    expect(edge.hosts[0].updates[0]).toMatchObject({ ...document, viewState: '{"zoom":3}' });
    edge.directory.set(edge.hosts[1]);
    await edge.settle();
    expect(edge.hosts[1].connects[0]).toMatchObject({ viewState: '{"zoom":3}' });
    expect(edge.hosts[1].connects[0]?.viewer).toBe(edge.hosts[0].connects[0]?.viewer);
  });

  it("gives the host view states in their order, also when one has to be told again", async () => {
    const edge = await TestEdge.start();
    const client = await edge.connectWithStream();
    edge.hosts[0].refusal = new ServiceError("moving", "just now", { retryAfterMs: 50 });
    client.up({ id: 8, method: "connection/update", connection: 7, viewState: { zoom: 1 } });
    await edge.settle(10);
    edge.hosts[0].refusal = undefined;
    client.up({ id: 9, method: "connection/update", connection: 7, viewState: { zoom: 2 } });
    await edge.settle(1_000);
    expect([client.last(8)?.result, client.last(9)?.result]).toEqual([{}, {}]);
    expect(edge.hosts[0].updates.map(({ viewState }) => viewState)).toEqual(['{"zoom":1}', '{"zoom":2}']);
  });

  it("gives up on a view state in time, though those before it take theirs", async () => {
    const edge = await TestEdge.start();
    const client = await edge.connectWithStream();
    edge.hosts[0].isSilent = true;
    for (const id of [8, 9]) client.up({ id, method: "connection/update", connection: 7, viewState: { zoom: id } });
    await edge.settleAlive(client, 10_500);
    expect([client.last(8)?.error?.code, client.last(9)?.error?.code]).toEqual(["timeout", "timeout"]);
  });

  it("keeps the old view state when the host refuses the new one", async () => {
    const edge = await TestEdge.start();
    const client = await edge.connectWithStream({ viewState: 1 });
    edge.hosts[0].refusal = new ServiceError("invalid_argument", "no such zoom");
    client.up({ id: 8, method: "connection/update", connection: 7, viewState: 9 });
    await edge.settle();
    expect(client.last(8)?.error?.code).toBe("invalid_argument");
    edge.directory.set(edge.hosts[1]);
    await edge.settle();
    expect(edge.hosts[1].connects[0]?.viewState).toBe("1");
  });
});

describe("resync and checks", () => {
  it("a resync makes the next frame a snapshot, whatever was under way", async () => {
    const edge = await TestEdge.start();
    const client = await edge.connectWithStream();
    edge.document.change({ value: 1 });
    edge.hosts[0].deliver();
    // The delta has left the host and not arrived.
    client.up({ id: 8, method: "connection/resync", connection: 7 });
    await edge.settle();
    expect(client.frames.slice(1)).toEqual([
      { id: 8, result: {} },
      { id: 7, snapshot: { "@s": 2, value: 1 } },
    ]);
  });

  it("a resync drops what was held for a client without room", async () => {
    const edge = await TestEdge.start({ limits: { socketBufferMaxBytes: 1 } });
    const client = await edge.connectWithStream();
    client.isStalled = true;
    client.bufferedBytes = 1;
    edge.document.change({ value: 1 });
    edge.hosts[0].deliver();
    await edge.settle();
    expect(client.session.heldBytes).toBeGreaterThan(0);
    const before = client.frames.length;
    client.up({ id: 8, method: "connection/resync", connection: 7 });
    client.release();
    await edge.settle();
    expect(client.frames.slice(before)).toEqual([
      { id: 8, result: {} },
      { id: 7, snapshot: { "@s": 2, value: 1 } },
    ]);
  });

  it("a resync before the first frame holds too, whatever the host made of the resume", async () => {
    const edge = await TestEdge.start();
    const client = await edge.connectAs();
    const resume = { seq: 1, hash: edge.document.hash };
    client.up({ id: 7, method: "connection/create", ...document, resume });
    client.up({ id: 8, method: "connection/resync", connection: 7 });
    await edge.settle();
    expect(client.kinds(7)).toEqual(["snapshot"]);
    edge.document.change({ value: 1 });
    edge.hosts[0].deliver();
    await edge.settle();
    expect(client.kinds(7)).toEqual(["snapshot", "delta"]);
  });

  it("a heartbeat's checks reach the host unless they are surely right", async () => {
    const edge = await TestEdge.start();
    edge.hosts[0].hashes = true;
    const client = await edge.connectWithStream();
    const [viewer] = edge.hosts[0].viewers;
    client.up({ id: 8, method: "heartbeat", at: 3, streams: [[7, 1, edge.document.hash]] });
    await edge.settle();
    expect(viewer?.checks).toBe(0);
    client.up({
      id: 8,
      method: "heartbeat",
      at: 4,
      streams: [
        [7, 1, "0123456789abcdef"],
        [99, 1, "0123456789abcdef"],
      ],
    });
    await edge.settle();
    expect(viewer?.checks).toBe(1);
    expect(client.kinds(7)).toEqual(["snapshot", "snapshot"]);
    client.up({ id: 8, method: "heartbeat", at: 5, streams: [[7, 1, "not a hash"]] });
    await edge.settle();
    expect(client.kinds(7)).toEqual(["snapshot", "snapshot", "snapshot"]);
    expect(client.kinds(8)).toEqual(["result", "result", "result"]);
  });
});

describe("when the owner changes", () => {
  it.each(["moving", "not_owner", "draining", "unavailable", "fenced"] as const)(
    "%s: the stream goes on elsewhere without an end, by seq and hash if known",
    async (code) => {
      const edge = await TestEdge.start();
      edge.hosts[0].hashes = true;
      const client = await edge.connectWithStream();
      edge.directory.set(edge.hosts[1], { "host-a": "draining" });
      edge.hosts[0].endStreams(new ServiceError(code, "handed over"));
      await edge.settle(100);
      expect(edge.hosts[1].connects[0]).toMatchObject({ resume: { seq: 1, hash: edge.document.hash } });
      edge.document.change({ value: 2 });
      edge.hosts[1].deliver();
      await edge.settle();
      expect(client.kinds(7)).toEqual(["snapshot", "delta", "delta"]);
      expect(client.views.get(7)?.value).toEqual({ value: 2 });
    },
  );

  it("an orderly end without a reason is a move too", async () => {
    const edge = await TestEdge.start();
    const client = await edge.connectWithStream();
    edge.hosts[0].endStreams();
    await edge.settle(100);
    expect(client.kinds(7)).toEqual(["snapshot", "snapshot"]);
  });

  it("a client's heartbeat about the newest state is as good as the host's hash", async () => {
    const edge = await TestEdge.start();
    const client = await edge.connectWithStream();
    client.up({ id: 8, method: "heartbeat", at: 1, streams: [[7, 1, edge.document.hash]] });
    await edge.settle();
    edge.directory.set(edge.hosts[1]);
    await edge.settle();
    expect(edge.hosts[1].connects[0]?.resume).toEqual({ seq: 1, hash: edge.document.hash });
    expect(client.kinds(7)).toEqual(["snapshot", "delta"]);
  });

  it("but not when two states share the seq", async () => {
    const edge = await TestEdge.start();
    const client = await edge.connectWithStream();
    const { hash } = edge.document;
    edge.document.change({ present: ["alice"] }, 0);
    edge.hosts[0].deliver();
    await edge.settle();
    client.up({ id: 8, method: "heartbeat", at: 1, streams: [[7, 1, hash]] });
    edge.directory.set(edge.hosts[1]);
    await edge.settle();
    expect(edge.hosts[1].connects[0]?.resume).toBeUndefined();
    expect(client.views.get(7)?.value).toEqual({ value: 0, present: ["alice"] });
  });

  it("a host that left the table is left at once, one that is merely not the owner when it is done", async () => {
    const edge = await TestEdge.start();
    const client = await edge.connectWithStream();
    edge.directory.set(edge.hosts[1], { "host-a": "present" });
    await edge.settle(1_900);
    expect(edge.hosts[1].connects).toHaveLength(0);
    await edge.settle(200);
    expect(edge.hosts[1].connects).toHaveLength(1);
    edge.directory.set(edge.hosts[0], { "host-b": "draining" });
    await edge.settleAlive(client, 29_000);
    expect(edge.hosts[0].connects).toHaveLength(1);
    edge.directory.set(edge.hosts[0]);
    await edge.settle();
    expect(edge.hosts[0].connects).toHaveLength(2);
    expect(edge.hosts[1].viewers.size).toBe(0);
  });

  it("never goes back in seq: a host that is behind is left alone, at last believed", async () => {
    const edge = await TestEdge.start();
    edge.document.change({ value: 1 }, 9);
    const client = await edge.connectWithStream();
    const stale = new ScriptedHost(
      "host-c",
      "host-c:1",
      new (await import("./support/model-document.ts")).ModelDocument(),
    );
    await stale.listen(edge.transportOf(stale));
    edge.directory.set(stale);
    await edge.settle(3_000);
    expect(stale.connects.length).toBe(3);
    const seqs = client.of(7).map((frame) => (frame.snapshot ?? frame.delta)?.["@s"]);
    expect(seqs).toEqual([10, 10]);
    expect(client.views.get(7)?.value).toEqual({ value: 0 });
    stale.document.change({ value: 4 });
    stale.deliver();
    stale.document.change({ value: 5 }, 20);
    stale.deliver();
    await edge.settle();
    expect(client.of(7).map((frame) => (frame.snapshot ?? frame.delta)?.["@s"])).toEqual([10, 10, 10, 22]);
    expect(client.views.get(7)?.value).toEqual({ value: 5 });
  });

  it("a dead host is retried until the budget is spent; then the stream ends, retryable", async () => {
    const edge = await TestEdge.start();
    const client = await edge.connectWithStream();
    edge.hosts[0].stop();
    await edge.settleAlive(client, 24_000);
    expect(client.kinds(7)).toEqual(["snapshot"]);
    await edge.settleAlive(client, 16_000);
    expect(client.kinds(7)).toEqual(["snapshot", "end"]);
    expect(client.last(7)?.end).toMatchObject({ code: "unavailable", retryable: true });
    expect(edge.directory.listenerCount).toBe(0);
  });

  it("a new table ends the wait for a dead host", async () => {
    const edge = await TestEdge.start();
    const client = await edge.connectWithStream();
    edge.hosts[0].stop();
    await edge.settle(4_000);
    edge.directory.set(edge.hosts[1]);
    await edge.settle(20);
    expect(edge.hosts[1].viewers.size).toBe(1);
    expect(client.kinds(7)).toEqual(["snapshot", "snapshot"]);
  });

  it("a stream that never was live fails after its own budget", async () => {
    const edge = await TestEdge.start();
    edge.directory.set(undefined);
    const client = await edge.connectWithStream();
    await edge.settleAlive(client, 16_000);
    expect(client.of(7)).toEqual([{ id: 7, error: expect.objectContaining({ code: "unavailable", retryable: true }) }]);
  });

  it("overload is the client's to wait out, unless the stream was live", async () => {
    const edge = await TestEdge.start();
    edge.hosts[0].refusal = new ServiceError("overloaded", "full", { retryAfterMs: 400 });
    const client = await edge.connectWithStream();
    expect(client.last(7)?.error).toMatchObject({ code: "overloaded", retryAfterMs: 400, retryable: true });
    edge.hosts[0].refusal = undefined;
    client.up({ id: 8, method: "connection/create", ...document });
    await edge.settle();
    edge.hosts[0].refusal = new ServiceError("overloaded", "full", { retryAfterMs: 400 });
    edge.hosts[0].endStreams(edge.hosts[0].refusal);
    await edge.settle(300);
    edge.hosts[0].refusal = undefined;
    await edge.settle(200);
    expect(client.kinds(8)).toEqual(["snapshot", "snapshot"]);
  });

  it("a host that accepts and stays silent is given up", async () => {
    const edge = await TestEdge.start();
    const client = await edge.connectWithStream();
    edge.hosts[1].isSilent = true;
    edge.directory.set(edge.hosts[1]);
    await edge.settle(9_500);
    client.up({ id: 8, method: "heartbeat", at: 1 });
    edge.hosts[1].isSilent = false;
    await edge.settle(2_000);
    expect(client.kinds(7)).toEqual(["snapshot", "snapshot"]);
  });
});
