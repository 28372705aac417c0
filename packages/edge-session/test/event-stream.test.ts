import { describe, expect, it } from "@jest/globals";
import { ServiceError } from "@tidewire/foundation";
import { HttpExchange } from "./support/http-exchange.ts";
import { TestEdge } from "./support/test-edge.ts";

const url = "/v1/documents/conformance/k1/stream";

describe("server-sent events", () => {
  it("carry snapshots and deltas whose ids name the state", async () => {
    const edge = await TestEdge.start();
    const exchange = new HttpExchange(edge, url, { as: "alice" });
    const reader = await exchange.stream();
    expect(exchange.answer?.headers).toMatchObject({ "Content-Type": "text/event-stream; charset=utf-8" });
    const first = `1-${edge.document.hash}`;
    edge.document.change({ value: 2 });
    edge.hosts[0].deliver();
    await edge.settle();
    expect(reader.received).toMatchObject([
      { event: "snapshot", id: first, data: { "@s": 1, value: 0 } },
      { event: "delta", id: `2-${edge.document.hash}`, data: { "@s": 2, value: 2 } },
    ]);
  });

  it("resume by Last-Event-ID", async () => {
    const edge = await TestEdge.start();
    const headers = { "last-event-id": `1-${edge.document.hash}` };
    const reader = await new HttpExchange(edge, url, { as: "alice", headers }).stream();
    expect(edge.hosts[0].connects[0]?.resume).toEqual({ seq: 1, hash: edge.document.hash });
    expect(reader.received).toMatchObject([{ event: "delta", data: { "@s": 1 } }]);
  });

  it.each(["1", "x", "1-", "1-zz", "-1-0123456789abcdef", ""])("begin anew with the id %j of nobody", async (id) => {
    const edge = await TestEdge.start();
    const reader = await new HttpExchange(edge, url, { as: "alice", headers: { "last-event-id": id } }).stream();
    expect(reader.received.map(({ event }) => event)).toEqual(["snapshot"]);
  });

  it("that are refused are plain errors", async () => {
    const edge = await TestEdge.start();
    edge.hosts[0].refusal = new ServiceError("forbidden", "not you");
    const reply = await new HttpExchange(edge, url, { as: "blocked" }).response();
    expect([reply.status, reply.json]).toMatchObject([403, { error: { code: "forbidden" } }]);
    expect(edge.edge.sessionCount).toBe(0);
  });

  it("are not opened for a client that left while its token was looked at", async () => {
    const edge = await TestEdge.start();
    const exchange = new HttpExchange(edge, url, { as: "alice" });
    exchange.abort();
    await edge.settle();
    expect(exchange.answer).toMatchObject({ kind: "response", status: 503 });
    expect(edge.hosts[0].connects).toEqual([]);
    expect(edge.edge.sessionCount).toBe(0);
  });

  it("end with an end event", async () => {
    const edge = await TestEdge.start();
    const reader = await new HttpExchange(edge, url, { as: "alice" }).stream();
    edge.hosts[0].endStreams(new ServiceError("not_found", "deleted"));
    await edge.settle();
    expect(reader.received.at(-1)).toMatchObject({ event: "end", data: { code: "not_found", retryable: false } });
    expect(reader.isEnded).toBe(true);
    expect(edge.edge.sessionCount).toBe(0);
  });

  it("follow the document and merge for a slow reader", async () => {
    const edge = await TestEdge.start({ limits: { socketBufferMaxBytes: 100 } });
    const reader = await new HttpExchange(edge, url, { as: "alice" }).stream();
    reader.bufferedBytes = 100;
    for (let value = 1; value <= 30; value++) {
      edge.document.change({ value });
      for (const host of edge.hosts) host.deliver();
      await edge.settle();
      if (value === 15) edge.directory.set(edge.hosts[1]);
    }
    expect(reader.received).toHaveLength(1);
    reader.bufferedBytes = 0;
    reader.events.drained();
    await edge.settle();
    expect(reader.received.at(-1)).toMatchObject({ data: { "@s": 31 } });
    expect(reader.received.length).toBeLessThan(6);
  });

  it("say a heartbeat as a comment, and stop when the reader leaves", async () => {
    const edge = await TestEdge.start();
    const reader = await new HttpExchange(edge, url, { as: "alice" }).stream();
    await edge.settle(11_000);
    expect(reader.text.match(/^: heartbeat$/gm)).toHaveLength(2);
    reader.events.closed();
    await edge.settle();
    expect(edge.hosts[0].viewers.size).toBe(0);
    expect(edge.clock.pendingTimers).toBeLessThan(8);
    const { length } = reader.text;
    await edge.settle(20_000);
    expect(reader.text).toHaveLength(length);
  });

  it("let go when the client leaves before the first event", async () => {
    const edge = await TestEdge.start();
    edge.hosts[0].isSilent = true;
    const exchange = new HttpExchange(edge, url, { as: "alice" });
    await edge.settle();
    expect(edge.hosts[0].viewers.size).toBe(1);
    exchange.abort();
    await edge.settle();
    expect(edge.hosts[0].viewers.size).toBe(0);
    expect(edge.edge.sessionCount).toBe(0);
  });
});
