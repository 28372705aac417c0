import { describe, expect, it } from "@jest/globals";
import { TestEdge } from "./support/test-edge.ts";

const document = { space: "conformance", key: "k1" };

describe("faults of framing close the socket", () => {
  it.each([
    ["no JSON", "{", 4500],
    ["empty text", "", 4500],
    ["an array", "[]", 4500],
    ["a number", "7", 4500],
    ["null", "null", 4500],
    ["a string", '"id"', 4500],
    ["no id", '{"method":"heartbeat"}', 4502],
    ["id 0 without ack", '{"id":0}', 4502],
    ["id 0 with a method", '{"id":0,"method":"heartbeat","at":1}', 4502],
    ["a negative id", '{"id":-1,"method":"heartbeat","at":1}', 4502],
    ["a fraction", '{"id":1.5,"method":"heartbeat","at":1}', 4502],
    ["a string id", '{"id":"7","method":"heartbeat","at":1}', 4502],
    ["a null id", '{"id":null,"method":"heartbeat","at":1}', 4502],
    ["an id beyond 2^53-1", '{"id":9007199254740992,"method":"heartbeat","at":1}', 4502],
    ["ack no array", '{"id":0,"ack":7}', 4503],
    ["ack null", '{"id":0,"ack":null}', 4503],
    ["ack of numbers", '{"id":0,"ack":[7,123]}', 4503],
    ["ack of one number", '{"id":0,"ack":[[7]]}', 4503],
    ["ack of three", '{"id":0,"ack":[[7,1,2]]}', 4503],
    ["ack of text", '{"id":0,"ack":[["7","1"]]}', 4503],
    ["ack with a negative seq", '{"id":0,"ack":[[7,-1]]}', 4503],
    ["ack of stream 0", '{"id":0,"ack":[[0,1]]}', 4503],
  ])("%s", async (_name, text, code) => {
    const edge = await TestEdge.start();
    const client = await edge.connectAs();
    client.session.receive(text);
    expect(client.closedWith?.code).toBe(code);
    expect(client.frames).toEqual([]);
    expect(edge.edge.sessionCount).toBe(0);
    expect(edge.directory.listenerCount).toBe(0);
  });

  it("a frame over frameMaxBytes", async () => {
    const edge = await TestEdge.start({ limits: { frameMaxBytes: 100 } });
    const client = await edge.connectAs();
    client.session.receive(JSON.stringify({ id: 1, method: "heartbeat", at: 1, x: "y".repeat(100) }));
    expect(client.closedWith?.code).toBe(1009);
  });
});

describe("faults of a request fail it alone", () => {
  const cases: readonly (readonly [string, object, string, object?])[] = [
    ["unknown method", { method: "document/guess" }, "unsupported"],
    ["method of the prototype", { method: "constructor" }, "unsupported"],
    ["no method", {}, "invalid_argument", { parameter: "method" }],
    ["method no text", { method: 7 }, "invalid_argument", { parameter: "method" }],
    ["no space", { method: "document/get", key: "k" }, "invalid_argument", { parameter: "space" }],
    ["no key", { method: "document/get", space: "conformance" }, "invalid_argument", { parameter: "key" }],
    ["short space", { method: "document/get", space: "ab", key: "k" }, "invalid_argument", { parameter: "space" }],
    ["capital space", { method: "document/get", space: "Abc", key: "k" }, "invalid_argument", { parameter: "space" }],
    ["long space", { method: "document/get", space: "a".repeat(64), key: "k" }, "invalid_argument"],
    ["empty key", { method: "document/get", space: "conformance", key: "" }, "invalid_argument", { parameter: "key" }],
    ["long key", { method: "document/get", space: "conformance", key: "k".repeat(512) }, "invalid_argument"],
    ["slash in key", { method: "document/get", space: "conformance", key: "a/b" }, "invalid_argument"],
    ["key no text", { method: "document/get", space: "conformance", key: 7 }, "invalid_argument"],
    [
      "empty marker",
      { method: "document/create", ...document, marker: "" },
      "invalid_argument",
      { parameter: "marker" },
    ],
    ["long marker", { method: "document/create", ...document, marker: "m".repeat(129) }, "invalid_argument"],
    ["marker not ASCII", { method: "document/create", ...document, marker: "é" }, "invalid_argument"],
    ["no message", { method: "message/send", ...document }, "invalid_argument", { parameter: "message" }],
    ["long message", { method: "message/send", ...document, message: "m".repeat(129) }, "invalid_argument"],
    ["no connection", { method: "connection/send", message: "add" }, "invalid_argument", { parameter: "connection" }],
    ["unknown connection", { method: "connection/send", connection: 99, message: "add" }, "invalid_argument"],
    ["end of nothing", { method: "connection/end", connection: 99 }, "invalid_argument"],
    ["resync of nothing", { method: "connection/resync", connection: 99 }, "invalid_argument"],
    [
      "update without state",
      { method: "connection/update", connection: 7 },
      "invalid_argument",
      { parameter: "viewState" },
    ],
    ["resume no object", { method: "connection/create", ...document, resume: 7 }, "invalid_argument"],
    ["resume without hash", { method: "connection/create", ...document, resume: { seq: 1 } }, "invalid_argument"],
    ["heartbeat without at", { method: "heartbeat" }, "invalid_argument", { parameter: "at" }],
    ["heartbeat of bad checks", { method: "heartbeat", at: 1, streams: [[7]] }, "invalid_argument"],
    ["token no text", { method: "session/authenticate", token: 7 }, "invalid_argument", { parameter: "token" }],
    ["token of nobody", { method: "session/authenticate", token: "alice" }, "unauthenticated"],
    ["dev agent too long", { method: "session/authenticate", token: `dev:${"a".repeat(65)}` }, "unauthenticated"],
    ["dev agent with a space", { method: "session/authenticate", token: "dev:a b" }, "unauthenticated"],
  ];

  it.each(cases.map(([name, ...rest]) => ({ name, rest })))("$name", async ({ rest: [frame, code, details] }) => {
    const edge = await TestEdge.start();
    const client = await edge.connectAs();
    client.up({ id: 3, ...frame });
    client.up({ id: 4, method: "heartbeat", at: 1234 });
    await edge.settle();
    expect(client.of(3)).toHaveLength(1);
    const error = client.last(3)?.error;
    expect(error).toMatchObject({ code, retryable: false, ...(details === undefined ? {} : { details }) });
    expect(typeof error?.number).toBe("number");
    expect(client.last(4)?.result).toEqual({ at: 1234 });
    expect(client.closedWith).toBeUndefined();
  });

  it("an argument nested too deeply, without hurting anyone", async () => {
    const edge = await TestEdge.start();
    const client = await edge.connectAs();
    const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
    client.session.receive(
      `{"id":3,"method":"message/send","space":"conformance","key":"k","message":"m","arg":${deep}}`,
    );
    await edge.settle();
    expect(client.last(3)?.error).toMatchObject({ code: "invalid_argument", details: { parameter: "arg" } });
    expect(client.closedWith).toBeUndefined();
  });

  it("an id still in use; the older request goes on", async () => {
    const edge = await TestEdge.start();
    const client = await edge.connectAs();
    client.up({ id: 3, method: "message/send", ...document, message: "add" });
    client.up({ id: 3, method: "document/get", ...document });
    expect(client.of(3)).toEqual([
      { id: 3, error: expect.objectContaining({ code: "invalid_argument", details: { reason: "id_in_use" } }) },
    ]);
    await edge.settle();
    expect(client.last(3)?.result).toEqual({ seq: 1, value: { echo: "add" } });
    expect(client.of(3)).toHaveLength(2);
    client.up({ id: 3, method: "document/get", ...document });
    await edge.settle();
    expect(client.last(3)?.result).toMatchObject({ seq: 1, view: { value: 0 } });
  });

  it("the id of an open stream is in use", async () => {
    const edge = await TestEdge.start();
    const client = await edge.connectWithStream();
    client.up({ id: 7, method: "document/get", ...document });
    client.up({ id: 7, method: "connection/create", ...document });
    expect(client.kinds(7)).toEqual(["snapshot", "error", "error"]);
    edge.document.change({ value: 1 });
    edge.hosts[0].deliver();
    await edge.settle();
    expect(client.views.get(7)?.value).toEqual({ value: 1 });
  });
});

describe("one-shot requests", () => {
  it("answers each method once with its result", async () => {
    const edge = await TestEdge.start();
    const client = await edge.connectAs();
    client.up({ id: 1, method: "document/create", ...document, arg: { value: 3 }, marker: "m 1" });
    client.up({ id: 2, method: "document/get", ...document });
    client.up({ id: 3, method: "message/send", ...document, message: "add", arg: { by: 1 }, marker: "m2" });
    client.up({ id: 4, method: "document/delete", ...document });
    await edge.settle();
    expect(client.last(1)?.result).toEqual({ seq: 1 });
    expect(client.last(2)?.result).toEqual({ seq: 1, hash: edge.document.hash, view: { value: 0 } });
    expect(client.last(3)?.result).toEqual({ seq: 1, value: { echo: "add" } });
    expect(client.last(4)?.result).toEqual({});
    const principal = { agent: "alice", authority: "dev" };
    expect(edge.hosts[0].creates[0]).toMatchObject({ principal, arg: '{"value":3}', marker: "m 1", tableVersion: 1 });
    expect(edge.hosts[0].sends[0]).toMatchObject({ principal, message: "add", arg: '{"by":1}', marker: "m2" });
  });

  it("leaves the value out when there is none, and keeps null", async () => {
    const edge = await TestEdge.start();
    const client = await edge.connectAs();
    edge.hosts[0].onSend = () => ({ seq: 5 });
    client.up({ id: 1, method: "message/send", ...document, message: "a" });
    await edge.settle();
    edge.hosts[0].onSend = () => ({ seq: 6, value: "null" });
    client.up({ id: 2, method: "message/send", ...document, message: "a", arg: null });
    await edge.settle();
    expect(client.last(1)?.result).toEqual({ seq: 5 });
    expect(client.last(2)?.result).toEqual({ seq: 6, value: null });
    expect(edge.hosts[0].sends.map((send) => send.arg)).toEqual([undefined, "null"]);
  });

  it("keeps the order of sends, connection or not", async () => {
    const edge = await TestEdge.start();
    const client = await edge.connectWithStream();
    for (let id = 10; id < 30; id++) {
      const target =
        id % 2 === 0 ? { method: "message/send", ...document } : { method: "connection/send", connection: 7 };
      client.up({ id, ...target, message: `m${id}` });
    }
    await edge.settle();
    expect(edge.hosts[0].sends.map((send) => send.message)).toEqual(Array.from({ length: 20 }, (_, i) => `m${i + 10}`));
  });

  it("refuses more than requestsMax at once, and more streams than streamsMax", async () => {
    const edge = await TestEdge.start({ limits: { requestsMax: 2, streamsMax: 1 } });
    edge.hosts[0].isSilent = true;
    const client = await edge.connectAs();
    for (let id = 1; id <= 3; id++) client.up({ id, method: "document/get", ...document });
    expect(client.last(3)?.error).toMatchObject({ code: "limit_exceeded", details: { limit: "requestsMax" } });
    const other = await edge.connectAs("bob");
    other.up({ id: 1, method: "connection/create", ...document });
    other.up({ id: 2, method: "connection/create", ...document });
    expect(other.last(2)?.error).toMatchObject({ code: "limit_exceeded", details: { limit: "streamsMax" } });
  });

  it.each([
    ["heartbeats", { method: "heartbeat", at: 1 }],
    ["tokens", { method: "session/authenticate", token: "dev:alice" }],
    ["resyncs", { method: "connection/resync", connection: 9 }],
  ])("counts %s among the requests of a session", async (_name, request) => {
    const edge = await TestEdge.start({ limits: { sendsPerSecond: 10, sendsBurst: 3 } });
    const client = await edge.connectAs();
    for (let id = 1; id <= 4; id++) client.up({ id, ...request });
    await edge.settle();
    expect(client.last(4)?.error).toMatchObject({ code: "limit_exceeded", details: { limit: "sendsPerSecond" } });
  });

  it("bounds the rate of sends of a session", async () => {
    const edge = await TestEdge.start({ limits: { sendsPerSecond: 10, sendsBurst: 3 } });
    const client = await edge.connectAs();
    for (let id = 1; id <= 4; id++) client.up({ id, method: "message/send", ...document, message: "m" });
    expect(client.last(4)?.error).toMatchObject({ code: "limit_exceeded", details: { limit: "sendsPerSecond" } });
    await edge.settle(200);
    client.up({ id: 5, method: "message/send", ...document, message: "m" });
    await edge.settle();
    expect(client.last(5)?.result).toBeDefined();
  });

  it("closes a client that asks and does not read", async () => {
    const edge = await TestEdge.start({ limits: { outboundMaxBytes: 1_000 } });
    const client = await edge.connectAs();
    client.isStalled = true;
    for (let id = 1; id <= 100 && client.closedWith === undefined; id++) client.up({ id, method: "heartbeat", at: 1 });
    expect(client.closedWith?.code).toBe(4413);
  });

  it("treats keys like __proto__ as data", async () => {
    const edge = await TestEdge.start();
    const client = await edge.connectAs();
    client.session.receive(
      '{"id":1,"method":"message/send","space":"conformance","key":"__proto__","message":"__proto__","arg":{"__proto__":{"a":1}}}',
    );
    await edge.settle();
    expect(edge.hosts[0].sends[0]).toMatchObject({
      key: "__proto__",
      message: "__proto__",
      arg: '{"__proto__":{"a":1}}',
    });
  });
});
