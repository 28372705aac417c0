import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { ViewReplica } from "@tidewire/delta";
import { type ConformanceView, System } from "@tidewire/harness";

let system: System;
let keys = 0;
const freshKey = (): string => `http-${process.pid}-${++keys}`;
const ALICE = { authorization: "Bearer dev:alice" };

beforeAll(async () => {
  system = await System.start({ hosts: 1 });
}, 90_000);
afterAll(() => system.stop(), 60_000);

async function http(method: string, path: string, options: { headers?: Record<string, string>; body?: unknown } = {}) {
  const response = await fetch(`${system.url}${path}`, {
    method,
    headers: {
      ...ALICE,
      ...(options.body === undefined ? {} : { "content-type": "application/json" }),
      ...options.headers,
    },
    ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    text,
    json: (text.startsWith("{") || text.startsWith("[") ? JSON.parse(text) : undefined) as never,
  };
}

describe("documents over HTTP", () => {
  test("PUT, GET, POST, DELETE with their statuses", async () => {
    const path = `/v1/documents/conformance/${freshKey()}`;
    expect((await http("GET", path)).status).toBe(404);
    expect((await http("PUT", path, { body: { value: 2 } })).status).toBe(201);
    expect(await http("PUT", path, { body: { value: 2 } })).toMatchObject({
      status: 409,
      json: { error: { code: "already_exists", number: 2002, retryable: false } },
    });
    const posted = await http("POST", `${path}/messages/add`, { body: { by: 3 } });
    expect(posted).toMatchObject({ status: 200, json: { seq: expect.any(Number), value: { value: 5 } } });
    const got = await http("GET", path);
    expect(got.status).toBe(200);
    expect((got.json as ConformanceView).value).toBe(5);
    const { seq } = posted.json as { seq: number };
    expect(got.headers.get("tidewire-seq")).toBe(String(seq));
    expect(got.headers.get("etag")).toMatch(new RegExp(`^"${seq}-[0-9a-f]{16}"$`));
    expect((await http("DELETE", path)).status).toBe(204);
    expect((await http("DELETE", path)).status).toBe(404);
  });

  test("If-None-Match: 304 when nothing changed; with wait, held until something does", async () => {
    const path = `/v1/documents/conformance/${freshKey()}`;
    await http("PUT", path);
    const etag = (await http("GET", path)).headers.get("etag")!;
    expect((await http("GET", path, { headers: { "if-none-match": etag } })).status).toBe(304);
    const waiting = http("GET", `${path}?wait=20`, { headers: { "if-none-match": etag } });
    await http("POST", `${path}/messages/add`, { body: { by: 1 } });
    const answered = await waiting;
    expect(answered.status).toBe(200);
    expect((answered.json as ConformanceView).value).toBe(1);
    const current = answered.headers.get("etag")!;
    expect((await http("GET", `${path}?wait=1`, { headers: { "if-none-match": current } })).status).toBe(304);
  });

  test("Idempotency-Key makes a send happen once", async () => {
    const path = `/v1/documents/conformance/${freshKey()}/messages/add`;
    const first = await http("POST", path, { body: { by: 1 }, headers: { "idempotency-key": "k-1" } });
    const second = await http("POST", path, { body: { by: 1 }, headers: { "idempotency-key": "k-1" } });
    expect(second.text).toBe(first.text);
  });

  test.each([
    ["GET", "/v1/documents/Conformance/k", 400, "invalid_argument"],
    ["GET", "/v1/documents/conformance/a%2Fb", 400, "invalid_argument"],
    ["GET", "/v1/documents/no-such-space/k", 404, "not_found"],
    ["GET", "/v1/nothing", 404, "not_found"],
    ["PATCH", "/v1/documents/conformance/k", 405, "unsupported"],
  ])("%s %s answers %i %s", async (method, path, status, code) => {
    const answer = await http(method, path);
    expect(answer.status).toBe(status);
    expect(answer.json).toMatchObject({ error: { code, message: expect.any(String), retryable: false } });
  });

  test("rejected is 422, a throw 500, a bad body 400, no token 401, a forbidden agent 403", async () => {
    const path = `/v1/documents/conformance/${freshKey()}`;
    expect(await http("POST", `${path}/messages/fail`, { body: { code: "nope" } })).toMatchObject({
      status: 422,
      json: { error: { code: "rejected", details: { code: "nope" } } },
    });
    expect((await http("POST", `${path}/messages/throw`, { body: {} })).status).toBe(500);
    expect((await http("POST", `${path}/messages/add`, { body: { by: "x" } })).status).toBe(400);
    const malformed = await fetch(`${system.url}${path}/messages/add`, { method: "POST", headers: ALICE, body: "{" });
    expect(malformed.status).toBe(400);
    const wrong = await http("GET", path, { headers: { authorization: "Bearer nonsense" } });
    expect(wrong.status).toBe(401);
    const blocked = await http("GET", path, { headers: { authorization: "Bearer dev:blocked" } });
    expect(blocked.status).toBe(403);
  });

  test("server-sent events: the same frames, ids of seq and hash, resumed by Last-Event-ID", async () => {
    const key = freshKey();
    const path = `/v1/documents/conformance/${key}`;
    await http("PUT", path, { body: { value: 1 } });
    const first = await openEvents(`${path}/stream`);
    const snapshot = await first.next();
    expect(snapshot.event).toBe("snapshot");
    const replica = new ViewReplica();
    replica.applySnapshot(JSON.parse(snapshot.data) as never);
    expect(snapshot.id).toBe(`${replica.seq}-${replica.hash()}`);
    await http("POST", `${path}/messages/add`, { body: { by: 1 } });
    let last = snapshot;
    while ((replica.value as unknown as ConformanceView).value !== 2) {
      last = await first.next();
      expect(last.event).toBe("delta");
      replica.applyDelta(JSON.parse(last.data) as never);
      expect(last.id).toBe(`${replica.seq}-${replica.hash()}`);
    }
    const second = await openEvents(`${path}/stream`, { "last-event-id": last.id });
    const resumed = await second.next();
    expect(resumed.event).toBe("delta");
    first.close();
    second.close();
  });

  test("long polling carries the whole protocol", async () => {
    const opened = await http("POST", "/v1/poll");
    expect(opened.status).toBe(201);
    const { session } = opened.json as { session: string };
    const frames: { id: number; result?: object; snapshot?: object; delta?: object }[] = [];
    const poll = async (up: object[]) => {
      const answer = await http("POST", `/v1/poll/${session}`, { body: up });
      expect(answer.status).toBe(200);
      frames.push(...(answer.json as typeof frames));
    };
    await poll([{ id: 1, method: "connection/create", space: "conformance", key: freshKey() }]);
    while (!frames.some((frame) => frame.id === 1 && frame.snapshot)) await poll([]);
    await poll([{ id: 2, method: "connection/send", connection: 1, message: "add", arg: { by: 1 } }]);
    while (!frames.some((frame) => frame.id === 2)) await poll([]);
    expect(frames.find((frame) => frame.id === 2)!.result).toMatchObject({ value: { value: 1 } });
    expect((await http("POST", "/v1/poll/no-such-session", { body: [] })).status).toBe(404);
  });

  test("assets are served, and no path leads out of their folder", async () => {
    expect((await fetch(`${system.url}/`)).headers.get("content-type")).toMatch(/text\/html/);
    for (const path of ["/..%2f..%2fpackage.json", "/%2e%2e/%2e%2e/package.json", "/....//package.json"]) {
      const answer = await fetch(`${system.url}${path}`);
      expect(await answer.text()).not.toContain('"workspaces"');
    }
  });
});

interface ServerEvent {
  readonly event: string;
  readonly id: string;
  readonly data: string;
}

/** Reads server-sent events as the HTML standard says, as far as this API uses them. */
async function openEvents(path: string, headers: Record<string, string> = {}) {
  const controller = new AbortController();
  const response = await fetch(`${system.url}${path}`, {
    headers: { ...ALICE, accept: "text/event-stream", ...headers },
    signal: controller.signal,
  });
  expect(response.headers.get("content-type")).toMatch(/text\/event-stream/);
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let buffered = "";
  return {
    close: () => controller.abort(),
    async next(): Promise<ServerEvent> {
      for (;;) {
        const end = buffered.indexOf("\n\n");
        if (end < 0) {
          const { value, done } = await reader.read();
          if (done) throw new Error("the stream ended");
          buffered += value;
          continue;
        }
        const block = buffered.slice(0, end);
        buffered = buffered.slice(end + 2);
        const fields = Object.fromEntries(
          block
            .split("\n")
            .filter((line) => line.includes(":") && !line.startsWith(":"))
            .map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trimStart()]),
        );
        if (fields["data"] !== undefined) {
          return { event: fields["event"] ?? "message", id: fields["id"] ?? "", data: fields["data"] };
        }
      }
    },
  };
}
