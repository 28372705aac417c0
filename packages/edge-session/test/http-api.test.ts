import { describe, expect, it } from "@jest/globals";
import { type ErrorCode, ServiceError } from "@tidewire/foundation";
import { HttpExchange, type RequestInit } from "./support/http-exchange.ts";
import { TestEdge } from "./support/test-edge.ts";

const path = "/v1/documents/conformance/k1";

async function fetched(edge: TestEdge, url: string, init: RequestInit = {}) {
  return await new HttpExchange(edge, url, { as: "alice", ...init }).response();
}

describe("GET a view", () => {
  it("is the plain view with its seq and its tag", async () => {
    const edge = await TestEdge.start();
    const reply = await fetched(edge, path);
    expect(reply.status).toBe(200);
    expect(reply.json).toEqual({ value: 0 });
    expect(reply.headers).toMatchObject({
      "Content-Type": "application/json; charset=utf-8",
      ETag: `"1-${edge.document.hash}"`,
      "Tidewire-Seq": "1",
    });
  });

  it("answers 304 to who has it already, however they quote it", async () => {
    const edge = await TestEdge.start();
    const tag = `"1-${edge.document.hash}"`;
    for (const value of [tag, `W/${tag}`, `"other", ${tag}`, "*"]) {
      const reply = await fetched(edge, path, { headers: { "if-none-match": value } });
      expect([value, reply.status, reply.text, reply.headers["ETag"]]).toEqual([value, 304, "", tag]);
    }
    const reply = await fetched(edge, path, { headers: { "if-none-match": '"1-0000000000000000"' } });
    expect(reply.status).toBe(200);
  });

  it("waits for a change when asked to", async () => {
    const edge = await TestEdge.start();
    const headers = { "if-none-match": `"1-${edge.document.hash}"` };
    const exchange = new HttpExchange(edge, `${path}?wait=30`, { as: "alice", headers });
    await edge.settle(12_000);
    expect(exchange.answer).toBeUndefined();
    edge.document.change({ value: 4 });
    const reply = await exchange.response(1_100);
    expect([reply.status, reply.json, reply.headers["Tidewire-Seq"]]).toEqual([200, { value: 4 }, "2"]);
  });

  it("gives up waiting with 304, after 60 s at the latest, and stops when the client leaves", async () => {
    const edge = await TestEdge.start();
    const headers = { "if-none-match": `"1-${edge.document.hash}"` };
    const short = new HttpExchange(edge, `${path}?wait=2.5`, { as: "alice", headers });
    const long = new HttpExchange(edge, `${path}?wait=600`, { as: "alice", headers });
    const left = new HttpExchange(edge, `${path}?wait=600`, { as: "alice", headers });
    await edge.settle(2_400);
    expect(short.answer).toBeUndefined();
    expect((await short.response(200)).status).toBe(304);
    left.abort();
    await edge.settle(1_100);
    expect(left.answer).toBeDefined();
    expect((await long.response(58_000)).status).toBe(304);
  });

  it("does not wait beyond the end of the token", async () => {
    const edge = await TestEdge.start({
      authenticator: (clock) => {
        const expiresAt = clock.wallMs() + 5_000;
        return { authenticate: () => Promise.resolve({ principal: { agent: "alice", authority: "test" }, expiresAt }) };
      },
    });
    const headers = { "if-none-match": `"1-${edge.document.hash}"` };
    const exchange = new HttpExchange(edge, `${path}?wait=30`, { headers });
    await edge.settle(4_900);
    expect(exchange.answer).toBeUndefined();
    expect((await exchange.response(200)).status).toBe(304);
  });

  it("does not wait without a tag, or with another one", async () => {
    const edge = await TestEdge.start();
    expect((await fetched(edge, `${path}?wait=30`)).status).toBe(200);
    const headers = { "if-none-match": '"9-0000000000000000"' };
    expect((await fetched(edge, `${path}?wait=30`, { headers })).status).toBe(200);
  });

  it.each(["-1", "x", "", "1e999", "NaN"])("refuses wait=%s", async (wait) => {
    const edge = await TestEdge.start();
    const reply = await fetched(edge, `${path}?wait=${wait}`);
    expect([reply.status, reply.json]).toMatchObject([400, { error: { code: "invalid_argument" } }]);
  });

  it("HEAD is answered like GET: the engine leaves the body away, but tells its length", async () => {
    const edge = await TestEdge.start();
    const reply = await fetched(edge, path, { method: "HEAD" });
    expect(reply).toEqual(await fetched(edge, path));
    expect([reply.status, reply.headers["Tidewire-Seq"]]).toEqual([200, "1"]);
  });
});

describe("changing documents", () => {
  it("PUT creates: 201 and the seq", async () => {
    const edge = await TestEdge.start();
    const headers = { "idempotency-key": "born" };
    const reply = await fetched(edge, path, { method: "PUT", body: '{"value":3}', headers });
    expect([reply.status, reply.json]).toEqual([201, { seq: 1 }]);
    expect(edge.hosts[0].creates[0]).toMatchObject({
      arg: '{"value":3}',
      marker: "born",
      principal: { agent: "alice" },
    });
    const empty = await fetched(edge, path, { method: "PUT" });
    expect(empty.status).toBe(201);
    expect(edge.hosts[0].creates[1]?.arg).toBeUndefined();
  });

  it("PUT of what exists is 409", async () => {
    const edge = await TestEdge.start();
    edge.hosts[0].refusal = new ServiceError("already_exists", "it exists");
    const reply = await fetched(edge, path, { method: "PUT" });
    expect([reply.status, reply.json]).toMatchObject([409, { error: { code: "already_exists", number: 2002 } }]);
  });

  it("DELETE is 204 without a body, 404 when there is nothing", async () => {
    const edge = await TestEdge.start();
    const reply = await fetched(edge, path, { method: "DELETE" });
    expect([reply.status, reply.text]).toEqual([204, ""]);
    edge.hosts[0].refusal = new ServiceError("not_found", "nothing there");
    expect((await fetched(edge, path, { method: "DELETE" })).status).toBe(404);
  });

  it("POST sends a message: seq and value", async () => {
    const edge = await TestEdge.start();
    const headers = { "idempotency-key": "once" };
    const reply = await fetched(edge, `${path}/messages/add`, { method: "POST", body: '{"by":1}', headers });
    expect([reply.status, reply.json]).toEqual([200, { seq: 1, value: { echo: "add" } }]);
    expect(edge.hosts[0].sends[0]).toMatchObject({ message: "add", arg: '{"by":1}', marker: "once" });
  });

  it.each([
    ["no JSON", "{"],
    ["no UTF-8", new Uint8Array([0x22, 0xff, 0x22])],
    ["nested too deeply", `${"[".repeat(5_000)}${"]".repeat(5_000)}`],
  ])("a body that is %s is 400", async (_name, body) => {
    const edge = await TestEdge.start();
    const reply = await fetched(edge, `${path}/messages/add`, { method: "POST", body });
    expect([reply.status, reply.json]).toMatchObject([400, { error: { code: "invalid_argument", retryable: false } }]);
    expect(edge.hosts[0].sends).toHaveLength(0);
  });

  it.each([
    ["", 400],
    ["é", 400],
    ["k".repeat(129), 400],
    ["k".repeat(128), 200],
  ])("an Idempotency-Key is a marker: %j", async (key, status) => {
    const edge = await TestEdge.start();
    const headers = { "idempotency-key": key };
    expect((await fetched(edge, `${path}/messages/add`, { method: "POST", headers })).status).toBe(status);
  });
});

describe("paths, methods and names", () => {
  it.each([
    "/v1",
    "/v1/",
    "/v1/document/conformance/k1",
    "/v1/documents",
    "/v1/documents/conformance",
    `${path}/`,
    `${path}/x`,
    `${path}/stream/x`,
    `${path}/messages`,
    `${path}/messages/`,
    `${path}/messages/add/x`,
    "/v2/documents/a/b",
    "/v1/poll/",
    "/v1/poll/a/b",
    "/v1/constructor",
  ])("%s is not there", async (url) => {
    const edge = await TestEdge.start();
    const reply = await fetched(edge, url, { method: "POST" });
    expect([reply.status, reply.json]).toMatchObject([404, { error: { code: "not_found", number: 2001 } }]);
  });

  it.each([
    [path, "POST", "GET, HEAD, PUT, DELETE"],
    [path, "PATCH", "GET, HEAD, PUT, DELETE"],
    [path, "constructor", "GET, HEAD, PUT, DELETE"],
    [`${path}/messages/add`, "GET", "POST"],
    [`${path}/stream`, "POST", "GET"],
    ["/v1/poll", "GET", "POST"],
    ["/v1/poll/abc", "DELETE", "POST"],
    ["/v1/socket", "POST", "GET"],
  ])("%s does not take %s", async (url, method, allow) => {
    const edge = await TestEdge.start();
    const reply = await fetched(edge, url, { method });
    expect([reply.status, reply.headers["Allow"]]).toEqual([405, allow]);
    expect(reply.json).toMatchObject({ error: { code: "unsupported" } });
  });

  it.each([
    "/v1/documents/Ab/k",
    "/v1/documents/conformance/a%2Fb",
    "/v1/documents/conformance/%zz",
    "/v1/documents//k",
  ])("%s names no document", async (url) => {
    const edge = await TestEdge.start();
    const reply = await fetched(edge, url);
    expect([reply.status, reply.json]).toMatchObject([400, { error: { code: "invalid_argument" } }]);
  });

  it("the socket's path without an upgrade asks for one", async () => {
    const edge = await TestEdge.start();
    expect((await fetched(edge, "/v1/socket")).status).toBe(426);
  });
});

describe("who asks", () => {
  it("nobody is somebody new in development", async () => {
    const edge = await TestEdge.start();
    const reply = await new HttpExchange(edge, `${path}/messages/add`, { method: "POST" }).response();
    expect(reply.status).toBe(200);
    expect(edge.hosts[0].sends[0]?.principal.authority).toBe("anonymous");
  });

  it.each(["Bearer nonsense", "Basic YTpi", "Bearer "])("%s is 401", async (authorization) => {
    const edge = await TestEdge.start();
    const reply = await new HttpExchange(edge, path, { headers: { authorization } }).response();
    expect([reply.status, reply.headers["WWW-Authenticate"]]).toEqual([401, "Bearer"]);
    expect(reply.json).toMatchObject({ error: { code: "unauthenticated", number: 1002, retryable: false } });
  });
});

describe("errors", () => {
  const statuses: readonly (readonly [ErrorCode, number, string | undefined])[] = [
    ["invalid_argument", 400, undefined],
    ["forbidden", 403, undefined],
    ["not_found", 404, undefined],
    ["already_exists", 409, undefined],
    ["rejected", 422, undefined],
    ["handler_failed", 500, undefined],
    ["limit_exceeded", 429, undefined],
    ["overloaded", 503, "1"],
    ["unavailable", 503, "1"],
  ];
  it.each(statuses)("%s has status %i", async (code, status, retryAfter) => {
    const edge = await TestEdge.start();
    edge.hosts[0].refusal = new ServiceError(code, "because");
    const reply = await fetched(edge, `${path}/messages/add`, { method: "POST" });
    expect([reply.status, reply.headers["Retry-After"]]).toEqual([status, retryAfter]);
    expect(reply.json).toMatchObject({ error: { code, message: "because" } });
  });

  it("a fault of ours is 500 without its text", async () => {
    const edge = await TestEdge.start();
    edge.hosts[0].refusal = new ServiceError("internal", "stack of epoch 7", { details: { epoch: 7 } });
    const reply = await fetched(edge, `${path}/messages/add`, { method: "POST" });
    expect([reply.status, reply.json]).toEqual([
      500,
      { error: { code: "internal", number: 9001, message: "internal error", retryable: false } },
    ]);
  });

  it("a bound on size is 413", async () => {
    const edge = await TestEdge.start();
    edge.hosts[0].refusal = new ServiceError("limit_exceeded", "too large", { details: { limit: "argMaxBytes" } });
    expect((await fetched(edge, `${path}/messages/add`, { method: "POST" })).status).toBe(413);
  });
});

describe("too many at once", () => {
  it("are sent away, and let in again when others are done", async () => {
    const edge = await TestEdge.start({ limits: { httpRequestsMax: 2, requestDeadlineMs: 1_000 } });
    edge.hosts[0].isSilent = true;
    const held = [new HttpExchange(edge, path, { as: "a" }), new HttpExchange(edge, path, { as: "b" })];
    const refused = await fetched(edge, path);
    expect([refused.status, refused.json]).toMatchObject([503, { error: { code: "overloaded", retryable: true } }]);
    for (const exchange of held) expect((await exchange.response(1_100)).status).toBe(503);
    edge.hosts[0].isSilent = false;
    expect((await fetched(edge, path)).status).toBe(200);
  });
});

describe("web origins", () => {
  it("on the list see the answer, others get none", async () => {
    const edge = await TestEdge.start({ edge: { origins: ["https://app.example"] } });
    const good = await fetched(edge, path, { headers: { origin: "https://app.example" } });
    expect([good.status, good.headers["Access-Control-Allow-Origin"]]).toEqual([200, "https://app.example"]);
    const bad = await fetched(edge, path, { headers: { origin: "https://evil.example" } });
    expect([bad.status, bad.headers["Access-Control-Allow-Origin"]]).toEqual([403, undefined]);
    const upgrade = await edge.edge.judgeUpgrade({
      address: "a",
      header: (name) => (name === "origin" ? "https://evil.example" : undefined),
    });
    expect(upgrade).toMatchObject({ kind: "refuse", response: { status: 403 } });
  });

  it("may ask before they send", async () => {
    const edge = await TestEdge.start();
    const reply = await fetched(edge, path, { method: "OPTIONS", headers: { origin: "https://app.example" } });
    expect(reply.status).toBe(204);
    expect(reply.headers["Access-Control-Allow-Headers"]).toContain("Idempotency-Key");
  });
});

describe("the upgrade", () => {
  it.each([
    [undefined, undefined],
    ["tidewire.v1.json", "tidewire.v1.json"],
    ["chat, tidewire.v1.json", "tidewire.v1.json"],
  ])("with subprotocol %s gets %s", async (offered, answered) => {
    const edge = await TestEdge.start();
    const decision = await edge.edge.judgeUpgrade({
      address: "a",
      header: (name) => (name === "sec-websocket-protocol" ? offered : undefined),
    });
    expect(decision).toMatchObject({ kind: "accept", subprotocol: answered });
  });

  it("with other subprotocols only is refused", async () => {
    const edge = await TestEdge.start();
    const decision = await edge.edge.judgeUpgrade({
      address: "a",
      header: (name) => (name === "sec-websocket-protocol" ? "tidewire.v9.cbor" : undefined),
    });
    expect(decision).toMatchObject({ kind: "refuse", response: { status: 400 } });
  });
});
