import { connect } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { RawClient, System } from "@tidewire/harness";

const SECRET = "hostile-planted-secret";
let system: System;
let key: string;
const clients: RawClient[] = [];

beforeAll(async () => {
  system = await System.start({ hosts: 1 });
  key = `hostile-${process.pid}`;
  const owner = await as("owner");
  await owner.call("message/send", {
    space: "conformance",
    key,
    message: "deal",
    arg: { holder: "owner", rank: 1, face: SECRET, secret: true },
  });
}, 90_000);
afterAll(() => system.stop(), 60_000);
afterEach(async () => {
  for (const client of clients.splice(0)) await client.close();
});

async function as(agent: string): Promise<RawClient> {
  const client = await RawClient.as(system.socketUrl, agent);
  clients.push(client);
  return client;
}

/** Sends a request as text and returns the code of its error, or `ok`. */
async function outcome(client: RawClient, id: number, rest: string): Promise<string> {
  client.sendText(`{"id":${id},${rest}}`);
  return (await client.answer(id)).error?.code ?? "ok";
}

/** An HTTP request as bytes; its status, `Content-Length` and body. */
function http(request: string, body = ""): Promise<{ status: number; head: string; code: string | undefined }> {
  const { hostname, port } = new URL(system.url);
  const length = body === "" ? "" : `Content-Length: ${Buffer.byteLength(body)}\r\n`;
  const connection = request.includes("Upgrade:") ? "Upgrade" : "close";
  const text = `${request}\r\nHost: ${hostname}\r\nAuthorization: Bearer dev:mallory\r\nConnection: ${connection}\r\n${length}\r\n`;
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    let received = "";
    socket.setEncoding("utf8");
    socket.on("data", (chunk: string) => {
      received += chunk;
      const [head, rest] = received.split("\r\n\r\n");
      const wanted = Number(/content-length: (\d+)/i.exec(head!)?.[1] ?? 0);
      if (rest === undefined || Buffer.byteLength(rest) < wanted) return;
      socket.destroy();
      const error = rest.startsWith("{") ? (JSON.parse(rest) as { error?: { code: string } }).error : undefined;
      resolve({ status: Number(head!.split(" ")[1]), head: head!, code: error?.code });
    });
    socket.on("error", reject);
    socket.write(text + body);
  });
}

const deepArray = `${"[".repeat(200_000)}${"]".repeat(200_000)}`;
const deepObject = `${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`;

describe("frames", () => {
  test.each([
    ["an array", deepArray],
    ["an object", deepObject],
  ])(
    "%s that is nested without end harms nobody, wherever it stands",
    async (_what, deep) => {
      const client = await as("mallory");
      const stream = await client.connect("conformance", key);
      const name = `"space":"conformance","key":"${key}"`;
      const wheres = [
        `"method":"connection/send","connection":${stream},"message":"put","arg":{"k":"x","v":${deep}}`,
        `"method":"connection/send","connection":${stream},"message":"whoami","arg":${deep}`,
        `"method":"document/create",${name},"arg":${deep}`,
        `"method":"connection/update","connection":${stream},"viewState":${deep}`,
        `"method":"connection/create",${name},"resume":${deep}`,
        `"method":"heartbeat","at":1,"streams":${deep}`,
        `"method":${deep}`,
      ];
      for (const [index, where] of wheres.entries()) {
        expect([where.slice(0, 60), await outcome(client, 100 + index, where)]).toEqual([
          where.slice(0, 60),
          "invalid_argument",
        ]);
      }
      expect(await outcome(client, 200, `"method":"heartbeat","at":1,"unknown":${deep}`)).toBe("ok");
    },
    60_000,
  );

  test.each([
    ['{"id":9007199254740993,"method":"heartbeat","at":1}', 4502],
    ['{"id":-0,"method":"heartbeat","at":1}', 4502],
    ['{"__proto__":{"id":1,"method":"heartbeat","at":1}}', 4502],
    ['{"id":0,"heartbeat":{}}', 4502],
    ['{"id":1,"method":"heartbeat","at":1}{"id":2}', 4500],
    ['\ufeff{"id":1,"method":"heartbeat","at":1}', 4500],
    ["", 4500],
    ["[".repeat(500_000), 4500],
    ['{"id":0,"ack":null}', 4503],
    ['{"id":0,"ack":[[1,-1]]}', 4503],
    ['{"id":0,"ack":[[1,9007199254740992]]}', 4503],
    ['{"id":0,"ack":[[0,1]]}', 4503],
    ['{"id":0,"ack":[["1",1]]}', 4503],
    ['{"id":0,"ack":[[1,1,1]]}', 4503],
  ])("%.60s closes with %i", async (text, code) => {
    const client = await as("mallory");
    client.sendText(text);
    expect((await client.untilClosed()).code).toBe(code);
  });

  test("acknowledgements and checks of streams that are not there are ignored", async () => {
    const client = await as("mallory");
    client.sendText(`{"id":0,"ack":${JSON.stringify(Array.from({ length: 50_000 }, () => [77, 1]))}}`);
    await client.heartbeat([[77, 1, "0".repeat(16)]]);
    expect(client.closed).toBeUndefined();
  });
});

describe("names", () => {
  test("of Object.prototype are no messages, methods or spaces", async () => {
    const client = await as("mallory");
    for (const [index, word] of ["__proto__", "constructor", "toString", "hasOwnProperty"].entries()) {
      const id = 10 * (index + 1);
      const send = `"method":"message/send","space":"conformance","key":"${key}","message":"${word}","arg":{}`;
      expect([word, await outcome(client, id, send)]).toEqual([word, "not_found"]);
      expect([word, await outcome(client, id + 1, `"method":"${word}"`)]).toEqual([word, "unsupported"]);
      const get = `"method":"document/get","space":"${word.toLowerCase()}","key":"k"`;
      const expected = word === "__proto__" ? "invalid_argument" : "not_found";
      expect([word, await outcome(client, id + 2, get)]).toEqual([word, expected]);
    }
    const { error } = await client.answer(client.request("m".repeat(100_000)));
    expect(JSON.stringify(error).length).toBeLessThan(1_000);
  });

  test.each(["__proto__", "constructor", ".", "..", "...", "-", "a".repeat(511)])(
    "the key %.20s is a document like any other",
    async (odd) => {
      const client = await as("mallory");
      const name = { space: "conformance", key: odd };
      const sent = await client.call("message/send", {
        ...name,
        message: "add",
        arg: { by: 1 },
        marker: odd.slice(0, 128),
      });
      expect(sent["value"]).toEqual({ value: 1 });
      expect((await http(`GET /v1/documents/conformance/${odd} HTTP/1.1`)).status).toBe(200);
      await client.call("document/delete", name);
      expect((await http(`GET /v1/documents/conformance/${odd} HTTP/1.1`)).code).toBe("not_found");
    },
  );

  test.each(["", "\n", "ü", "a\u0000", "a".repeat(129)])("the marker %j is refused", async (marker) => {
    const client = await as("mallory");
    const send = { space: "conformance", key, message: "add", arg: { by: 1 }, marker };
    await expect(client.call("message/send", send)).rejects.toMatchObject({ code: "invalid_argument" });
  });
});

describe("HTTP", () => {
  test.each<[string, number, string]>([
    ["GET /v1/documents/conformance/..%2f..%2fx", 400, "invalid_argument"],
    ["GET /v1/documents/conformance/%00", 400, "invalid_argument"],
    ["GET /v1/documents/conformance/%zz", 400, "invalid_argument"],
    ["GET /v1/documents/__proto__/k", 400, "invalid_argument"],
    ["GET /v1/documents/constructor/k", 404, "not_found"],
    [`GET /v1/documents/conformance/${"a".repeat(512)}`, 400, "invalid_argument"],
    ["GET /v1/documents/conformance//k", 404, "not_found"],
    ["GET /v1/documents/conformance/k?wait=abc", 400, "invalid_argument"],
    ["GET /v1/documents/conformance/k?wait=-1", 400, "invalid_argument"],
    ["GET /v1/documents/conformance/k?wait=NaN", 400, "invalid_argument"],
    ["GET /v1/documents/conformance/k?wait=%zz", 400, "invalid_argument"],
    ["GET /v1/poll/__proto__", 405, "unsupported"],
    ["FOO /v1/documents/conformance/k", 405, "unsupported"],
    ["GET /v1/socket", 426, "invalid_argument"],
  ])("%.60s answers %i %s", async (request, status, code) => {
    expect(await http(`${request} HTTP/1.1`)).toMatchObject({ status, code });
  });

  test.each([
    ["nested without end", deepArray, 400, "invalid_argument"],
    ["of two values", "{}{}", 400, "invalid_argument"],
    ["with a prototype", '{"__proto__":{"by":5}}', 400, "invalid_argument"],
    ["over the limit", `{"by":${" ".repeat(1_200_000)}1}`, 413, "limit_exceeded"],
  ])("a body %s", async (_what, body, status, code) => {
    const answer = await http(`POST /v1/documents/conformance/${key}/messages/add HTTP/1.1`, body);
    expect(answer).toMatchObject({ status, code });
  });

  test("an upgrade to another subprotocol or version is refused, and says what is spoken", async () => {
    const upgrade = "GET /v1/socket HTTP/1.1\r\nUpgrade: websocket\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==";
    const subprotocol = await http(`${upgrade}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: graphql-ws`);
    expect(subprotocol).toMatchObject({ status: 400, code: "unsupported" });
    for (const version of ["", "\r\nSec-WebSocket-Version: 8"]) {
      const answer = await http(upgrade + version);
      expect(answer).toMatchObject({ status: 426, code: "invalid_argument" });
      expect(answer.head).toMatch(/sec-websocket-version: 13/i);
    }
  });
});

test("after all that nothing was our fault, nothing crashed, and nobody learned the secret", async () => {
  const owner = await as("owner");
  const { view } = (await owner.call("document/get", { space: "conformance", key })) as { view: { hand: unknown[] } };
  expect(JSON.stringify(view.hand)).toContain(SECRET);
  const mallory = await as("mallory");
  expect(JSON.stringify(await mallory.call("document/get", { space: "conformance", key }))).not.toContain(SECRET);
  for (const name of ["edge-proxy-1", "document-host-1", "log-storage-1", "routing-table-1"]) {
    expect(system.process(name).readyCount).toBe(1);
    const metrics = await (await fetch(`http://${system.process(name).admin}/metrics`)).text();
    expect(metrics).not.toContain(SECRET);
    expect(metrics.split("\n").filter((line) => /code="internal"\S* [1-9]/.test(line))).toEqual([]);
  }
  expect(system.logs()).not.toMatch(new RegExp(`${SECRET}|dev:mallory`));
});
