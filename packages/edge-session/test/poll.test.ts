import { describe, expect, it } from "@jest/globals";
import { HttpExchange } from "./support/http-exchange.ts";
import { TestEdge } from "./support/test-edge.ts";

const document = { space: "conformance", key: "k1" };

async function opened(edge: TestEdge, as: string | undefined = "alice"): Promise<string> {
  const init = { method: "POST", ...(as === "" ? {} : { as }) };
  const reply = await new HttpExchange(edge, "/v1/poll", init).response();
  expect([reply.status, Object.keys(reply.json)]).toEqual([201, ["session"]]);
  return `/v1/poll/${String(reply.json["session"])}`;
}

function post(edge: TestEdge, url: string, frames: unknown = [], as = "alice"): HttpExchange {
  const body = typeof frames === "string" ? frames : JSON.stringify(frames);
  return new HttpExchange(edge, url, { method: "POST", body, ...(as === "" ? {} : { as }) });
}

describe("long polling", () => {
  it("carries requests, answers and streams", async () => {
    const edge = await TestEdge.start();
    const url = await opened(edge);
    const first = await post(edge, url, [
      { id: 1, method: "message/send", ...document, message: "add" },
      { id: 7, method: "connection/create", ...document },
    ]).response();
    expect(first.status).toBe(200);
    const frames = JSON.parse(first.text) as { id: number }[];
    const rest = frames.length === 2 ? [] : (JSON.parse((await post(edge, url).response()).text) as { id: number }[]);
    expect([...frames, ...rest].map(({ id }) => id).toSorted((a, b) => a - b)).toEqual([1, 7]);
    const held = post(edge, url);
    await edge.settle(3_000);
    expect(held.answer).toBeUndefined();
    edge.document.change({ value: 8 });
    edge.hosts[0].deliver();
    expect((await held.response()).json).toEqual([{ id: 7, delta: { "@s": 2, value: 8 } }]);
  });

  it("holds a POST without frames for 25 s and then answers none", async () => {
    const edge = await TestEdge.start();
    const held = post(edge, await opened(edge));
    await edge.settle(24_900);
    expect(held.answer).toBeUndefined();
    expect((await held.response(200)).json).toEqual([]);
  });

  it("answers the first POST with what it has when a second comes", async () => {
    const edge = await TestEdge.start();
    const url = await opened(edge);
    const first = post(edge, url, "");
    await edge.settle();
    const second = post(edge, url, [{ id: 1, method: "heartbeat", at: 5 }]);
    expect((await first.response()).json).toEqual([]);
    expect((await second.response()).json).toEqual([{ id: 1, result: { at: 5 } }]);
  });

  it("loses nothing when the client gives a POST up", async () => {
    const edge = await TestEdge.start();
    const url = await opened(edge);
    await post(edge, url, [{ id: 7, method: "connection/create", ...document }]).response();
    const held = post(edge, url);
    await edge.settle();
    held.abort();
    edge.document.change({ value: 3 });
    edge.hosts[0].deliver();
    await edge.settle();
    expect(held.answer).toBeUndefined();
    expect((await post(edge, url).response()).json).toEqual([{ id: 7, delta: { "@s": 2, value: 3 } }]);
  });

  it("merges for a client that does not fetch, within bounds", async () => {
    const edge = await TestEdge.start({ limits: { socketBufferMaxBytes: 100 } });
    const url = await opened(edge);
    await post(edge, url, [{ id: 7, method: "connection/create", ...document }]).response();
    for (let value = 1; value <= 200; value++) {
      edge.document.change({ value });
      edge.hosts[0].deliver();
      await edge.settle();
    }
    const frames: { delta: { value: number } }[] = [];
    while (frames.at(-1)?.delta.value !== 200) {
      frames.push(...(JSON.parse((await post(edge, url).response()).text) as typeof frames));
    }
    expect(frames.length).toBeLessThan(12);
  });

  it("keeps its bearer", async () => {
    const edge = await TestEdge.start();
    const url = await opened(edge);
    const other = await post(edge, url, [], "bob").response();
    expect([other.status, other.json]).toMatchObject([403, { error: { code: "forbidden" } }]);
    const none = await post(edge, url, [], "").response();
    expect([none.status, none.json]).toMatchObject([401, { error: { code: "unauthenticated" } }]);
    expect((await post(edge, url, [{ id: 1, method: "heartbeat", at: 1 }]).response()).status).toBe(200);
  });

  it("without a bearer is anonymous until the first token says otherwise", async () => {
    const edge = await TestEdge.start();
    const anonymous = await opened(edge, "");
    const sent = await post(
      edge,
      anonymous,
      [{ id: 1, method: "message/send", ...document, message: "m" }],
      "",
    ).response();
    expect(sent.json).toMatchObject([{ id: 1, result: { seq: 1 } }]);
    const frames = [
      { id: 1, method: "session/authenticate", token: "dev:alice" },
      { id: 2, method: "message/send", ...document, message: "m" },
    ];
    await post(edge, await opened(edge, ""), frames, "").response();
    await edge.settle();
    expect(edge.hosts[0].sends.map(({ principal }) => principal.authority)).toEqual(["anonymous", "dev"]);
    const late = await post(edge, anonymous, [frames[0]], "").response();
    expect(late.json).toMatchObject([{ id: 1, error: { code: "forbidden" } }]);
  });

  it("announces its own idle time", async () => {
    const edge = await TestEdge.start();
    const reply = await post(edge, await opened(edge), [
      { id: 1, method: "session/authenticate", token: "dev:alice" },
    ]).response();
    expect(reply.json).toMatchObject([{ result: { limits: { idleMs: 60_000 } } }]);
  });

  it("ends without a POST for 60 s; a held one counts", async () => {
    const edge = await TestEdge.start();
    const url = await opened(edge);
    const held = post(edge, url);
    await edge.settle(25_100);
    expect(held.answer).toBeDefined();
    await edge.settle(59_000);
    expect((await post(edge, url, [{ id: 1, method: "heartbeat", at: 1 }]).response()).status).toBe(200);
    await edge.settle(60_500);
    const reply = await post(edge, url).response();
    expect([reply.status, reply.json]).toMatchObject([404, { error: { code: "not_found" } }]);
    expect(edge.edge.sessionCount).toBe(0);
  });

  it.each([
    ["{}", 400],
    ["7", 400],
    ["nonsense", 400],
    ["null", 400],
  ])("a body of %s is 400 and the session stays", async (body, status) => {
    const edge = await TestEdge.start();
    const url = await opened(edge);
    expect((await post(edge, url, body).response()).status).toBe(status);
    expect((await post(edge, url, [{ id: 1, method: "heartbeat", at: 1 }]).response()).status).toBe(200);
  });

  it("faults of framing end the session", async () => {
    const edge = await TestEdge.start();
    const url = await opened(edge);
    const reply = await post(edge, url, [{ id: 0, method: "heartbeat" }]).response();
    expect([reply.status, reply.json]).toMatchObject([
      400,
      { error: { code: "invalid_argument", details: { closeCode: 4502 } } },
    ]);
    expect((await post(edge, url).response()).status).toBe(404);
    expect(edge.edge.sessionCount).toBe(0);
  });

  it("of nobody is 404, of a bad bearer 401", async () => {
    const edge = await TestEdge.start();
    expect((await post(edge, "/v1/poll/abc").response()).status).toBe(404);
    const headers = { authorization: "Bearer nonsense" };
    expect((await new HttpExchange(edge, "/v1/poll", { method: "POST", headers }).response()).status).toBe(401);
  });
});
