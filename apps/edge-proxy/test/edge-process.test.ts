import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { request as httpsRequest } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { SignJWT } from "jose";
import { bundleEdge, EdgeProcess, withoutAddon } from "./support/edge-process.ts";
import { OneHostCluster } from "./support/one-host-cluster.ts";
import { RawSocket } from "./support/raw-socket.ts";

const folder = mkdtempSync(join(tmpdir(), "tidewire-edge-"));
const cluster = new OneHostCluster();

beforeAll(async () => {
  bundleEdge();
  await cluster.start();
}, 60_000);

afterAll(async () => {
  await cluster.stop();
  rmSync(folder, { recursive: true });
});

describe("the socket engine", () => {
  it("falls back where the addon does not load, loudly", async () => {
    const edge = await EdgeProcess.start({ "admin.listen": "127.0.0.1:0" }, withoutAddon);
    expect(edge.logged("listening for clients")).toMatchObject({ engine: "ws" });
    expect(edge.lines.find((line) => line["level"] === 40)?.["msg"]).toMatch(/NATIVE SOCKET ENGINE DOES NOT LOAD/);
    const metrics = await (await fetch(`http://${edge.admin}/metrics`)).text();
    expect(metrics).toMatch(/tidewire_edge_socket_engine\{[^}]*engine="ws"[^}]*wanted="auto"[^}]*\} 1/);
    await edge.kill();
  });

  it("uws refuses to run without the addon", async () => {
    const { code, stderr } = await EdgeProcess.failToStart({ "edge.engine": "uws" }, withoutAddon);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/uws does not load .*edge.engine=ws/)]);
  });
});

describe("what an edge refuses to start with", () => {
  it.each([
    ["dev authentication on a public address", { "edge.listen": "0.0.0.0:0" }, /auth.allowDevOnPublicAddress/],
    ["jwt without a key", { "auth.mode": "jwt" }, /auth.jwt.jwksUrl/],
    [
      "two keys",
      { "auth.mode": "jwt", "auth.jwt.secret": "s".repeat(32), "auth.jwt.jwksUrl": "http://a.b/c" },
      /needs one of/,
    ],
    ["a bad public key", { "auth.mode": "jwt", "auth.jwt.publicKey": "nonsense" }, /cannot use the key/],
    [
      "a secret's file that is not there",
      { "auth.mode": "jwt", "auth.jwt.secretFile": "/nowhere/secret" },
      /cannot read the file of auth.jwt.secretFile/,
    ],
    [
      "a secret that is too short",
      { "auth.mode": "jwt", "auth.jwt.secretFile": "/dev/null" },
      /secretFile holds fewer than 32 characters/,
    ],
    ["half of a certificate", { "tls.certFile": "/nowhere/cert.pem" }, /go together/],
    [
      "a certificate that is not there",
      { "tls.certFile": "/nowhere/c.pem", "tls.keyFile": "/nowhere/k.pem" },
      /cannot read the file of tls/,
    ],
    ["assets that are not there", { "edge.assets": "/nowhere/at/all" }, /cannot read edge.assets/],
    ["a heartbeat out of range", { "limits.heartbeat": "30s" }, /from 1s to 10s/],
    ["an unknown setting", { "edge.colour": "blue" }, /edge.colour/],
  ])("%s", async (_name, settings, reason) => {
    const { code, stderr } = await EdgeProcess.failToStart(settings);
    expect([code, stderr]).toEqual([2, expect.stringMatching(reason)]);
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  it.each(["uws", "ws"])("a taken port (%s)", async (engine) => {
    const first = await EdgeProcess.start({ "edge.engine": engine });
    const taken = { "edge.engine": engine, "edge.listen": `127.0.0.1:${first.port}` };
    const { code, stderr } = await EdgeProcess.failToStart(taken);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/the port is taken/)]);
    await first.kill();
  });

  it("but dev authentication on a public address may be forced", async () => {
    const edge = await EdgeProcess.start({ "edge.listen": "0.0.0.0:0", "auth.allowDevOnPublicAddress": "true" });
    expect((await fetch(`${edge.url}/v1/nothing`)).status).toBe(404);
    await edge.kill();
  });
});

describe.each(["uws", "ws"])("an edge without a cluster (%s)", (engine) => {
  it("is not ready, and answers unavailable", async () => {
    const edge = await EdgeProcess.start({ "edge.engine": engine });
    expect((await fetch(`http://${edge.admin}/readyz`)).status).toBe(503);
    expect((await fetch(`http://${edge.admin}/healthz`)).status).toBe(200);
    const response = await fetch(`${edge.url}/v1/documents/conformance/k1`);
    expect([response.status, response.headers.get("retry-after"), await response.json()]).toMatchObject([
      503,
      "1",
      { error: { code: "unavailable", number: 1007, retryable: true, retryAfterMs: 1_000 } },
    ]);
    await edge.kill();
  }, 20_000);
});

describe.each(["uws", "ws"])("a token that takes longer than a turn to check (%s)", (engine) => {
  const secret = "s".repeat(32);
  const sign = (key: string) =>
    new SignJWT({})
      .setProtectedHeader({ alg: "HS256" })
      .setSubject("alice")
      .setIssuer("issuer")
      .setExpirationTime("1h")
      .sign(new TextEncoder().encode(key));

  it("loses no socket, however many are opened at once, and holds what clients send meanwhile", async () => {
    const edge = await EdgeProcess.start({ "edge.engine": engine, "auth.mode": "jwt", "auth.jwt.secret": secret });
    const headers = { Authorization: `Bearer ${await sign(secret)}` };
    const openOneAfterTheOther = async (): Promise<void> => {
      for (let count = 0; count < 20; count++) {
        const socket = await RawSocket.connect(edge.port, "alice", { headers });
        socket.send({ id: 1, method: "heartbeat", at: 5 });
        expect(await socket.answer(1)).toEqual({ id: 1, result: { at: 5 } });
        socket.destroy();
      }
    };
    await Promise.all(Array.from({ length: 30 }, openOneAfterTheOther));
    await edge.kill();
  }, 60_000);

  it("authenticates nobody by a wrong signature", async () => {
    const secretFile = join(folder, "jwt-secret");
    writeFileSync(secretFile, `${secret}\n`);
    const edge = await EdgeProcess.start({
      "edge.engine": engine,
      "auth.mode": "jwt",
      "auth.jwt.secretFile": secretFile,
    });
    const known = await RawSocket.connect(edge.port, "alice", {
      headers: { Authorization: `Bearer ${await sign(secret)}` },
    });
    known.send({ id: 1, method: "heartbeat", at: 5 });
    expect(await known.answer(1)).toEqual({ id: 1, result: { at: 5 } });
    known.destroy();
    const headers = { Authorization: `Bearer ${await sign("x".repeat(32))}` };
    const opened = await RawSocket.open(edge.port, { headers });
    if (opened instanceof RawSocket) {
      opened.send({ id: 1, method: "document/get", space: "conformance", key: "k" });
      expect(await opened.answer(1)).toMatchObject({ error: { code: "unauthenticated" } });
      opened.destroy();
    } else expect(opened.status).toBe(401);
    await edge.kill();
  }, 20_000);
});

describe.each(["uws", "ws"])("draining (%s)", (engine) => {
  it("refuses newcomers, sends the others elsewhere with a ticket, and ends in order", async () => {
    const edge = await EdgeProcess.start({
      "edge.engine": engine,
      "routing.addresses": cluster.address,
      "drain.grace": "700ms",
      "drain.clientsPerSecond": "10",
    });
    const [leaver, stayer] = [
      await RawSocket.connect(edge.port, "leaver"),
      await RawSocket.connect(edge.port, "stayer"),
    ];
    for (const socket of [leaver, stayer]) {
      socket.send({ id: 7, method: "connection/create", space: "conformance", key: "k1" });
      await socket.answer(7);
    }
    edge.signal("SIGTERM");
    const drain = await leaver.next((frame) => frame["drain"] !== undefined);
    expect(drain).toEqual({ id: 0, drain: { reconnectAfterMs: 0, ticket: expect.stringMatching(/^ticket:/) } });
    expect(await stayer.next((frame) => frame["drain"] !== undefined)).toMatchObject({
      drain: { reconnectAfterMs: 100 },
    });
    expect((await fetch(`http://${edge.admin}/readyz`)).status).toBe(503);
    await expect(RawSocket.connect(edge.port)).rejects.toThrow();
    const next = await EdgeProcess.start({ "edge.engine": engine, "routing.addresses": cluster.address });
    const { ticket } = drain["drain"] as { ticket: string };
    const moved = (await RawSocket.open(next.port, { headers: { Authorization: `Bearer ${ticket}` } })) as RawSocket;
    moved.send({ id: 1, method: "session/authenticate", token: "dev:leaver" });
    expect(await moved.answer(1)).toMatchObject({ result: { principal: { agent: "leaver" } } });
    leaver.destroy();
    expect(await stayer.closed()).toBe(4410);
    expect(await edge.exited()).toBe(0);
    moved.destroy();
    await next.kill();
  }, 20_000);
});

describe("TLS", () => {
  const certFile = join(folder, "cert.pem");
  const keyFile = join(folder, "key.pem");

  beforeAll(() => {
    const subject = ["-subj", "/CN=127.0.0.1", "-days", "1", "-nodes"];
    const args = [
      "req",
      "-x509",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:prime256v1",
      "-keyout",
      keyFile,
      "-out",
      certFile,
    ];
    execFileSync("openssl", [...args, ...subject], { stdio: "ignore" });
  });

  it.each(["uws", "ws"])("carries sockets and HTTP (%s)", async (engine) => {
    const edge = await EdgeProcess.start({ "edge.engine": engine, "tls.certFile": certFile, "tls.keyFile": keyFile });
    const socket = await RawSocket.connect(edge.port, "alice", { tls: true });
    socket.send({ id: 1, method: "heartbeat", at: 1 });
    expect(await socket.answer(1)).toEqual({ id: 1, result: { at: 1 } });
    socket.destroy();
    const status = await new Promise((resolve, reject) => {
      const options = { host: "127.0.0.1", port: edge.port, path: "/v1/nothing", rejectUnauthorized: false };
      const request = httpsRequest(options, (response) => resolve(response.resume().statusCode));
      request.on("error", reject);
      request.end();
    });
    expect(status).toBe(404);
    await edge.kill();
  });
});

describe.each(["uws", "ws"])("static files (%s)", (engine) => {
  const assets = join(folder, `assets-${engine}`);
  let edge: EdgeProcess;

  beforeAll(async () => {
    mkdirSync(join(assets, "app"), { recursive: true });
    writeFileSync(join(folder, "secret.txt"), "secret");
    writeFileSync(join(assets, "index.html"), "<!doctype html><title>home</title>");
    writeFileSync(join(assets, "main-3f9a81bc.js"), "export {};");
    writeFileSync(join(assets, "main-5XJ2QKWA.js"), "export {};");
    writeFileSync(join(assets, "board-settings.js"), "export {};");
    writeFileSync(join(assets, "logo-version2.svg"), "<svg/>");
    writeFileSync(join(assets, "app", "index.html"), "app");
    writeFileSync(join(assets, "grüße 1.txt"), "hallo");
    symlinkSync(join(folder, "secret.txt"), join(assets, "leak.txt"));
    symlinkSync(join(assets, "index.html"), join(assets, "alias.html"));
    edge = await EdgeProcess.start({ "edge.engine": engine, "edge.assets": assets });
  });

  afterAll(async () => {
    await edge.kill();
  });

  it.each([
    ["/", 200, "text/html; charset=utf-8", "no-cache", "home"],
    ["/index.html", 200, "text/html; charset=utf-8", "no-cache", "home"],
    ["/main-3f9a81bc.js", 200, "text/javascript; charset=utf-8", "public, max-age=31536000, immutable", "export"],
    ["/main-5XJ2QKWA.js", 200, "text/javascript; charset=utf-8", "public, max-age=31536000, immutable", "export"],
    ["/board-settings.js", 200, "text/javascript; charset=utf-8", "no-cache", "export"],
    ["/logo-version2.svg", 200, "image/svg+xml", "no-cache", "svg"],
    ["/app/", 200, "text/html; charset=utf-8", "no-cache", "app"],
    ["/app", 200, "text/html; charset=utf-8", "no-cache", "app"],
    ["/alias.html", 200, "text/html; charset=utf-8", "no-cache", "home"],
    ["/gr%C3%BC%C3%9Fe%201.txt", 200, "text/plain; charset=utf-8", "no-cache", "hallo"],
    ["/some/route", 404, "application/json; charset=utf-8", "no-store", "not_found"],
    ["/?a=b", 200, "text/html; charset=utf-8", "no-cache", "home"],
    ["/missing.js", 404, "application/json; charset=utf-8", "no-store", "not_found"],
    ["/leak.txt", 404, "application/json; charset=utf-8", "no-store", "not_found"],
    ["/v1/route", 404, "application/json; charset=utf-8", "no-store", "not_found"],
    ["/%zz", 404, "application/json; charset=utf-8", "no-store", "not_found"],
  ])("%s is %i %s", async (path, status, type, caching, text) => {
    const response = await fetch(`${edge.url}${path}`);
    expect([response.status, response.headers.get("content-type"), response.headers.get("cache-control")]).toEqual([
      status,
      type,
      caching,
    ]);
    expect(await response.text()).toContain(text);
  });

  it.each([
    ["/some/route", 200, "text/html; charset=utf-8"],
    ["/missing.js", 404, "application/json; charset=utf-8"],
    ["/%zz", 200, "text/html; charset=utf-8"],
    ["/v1/route", 404, "application/json; charset=utf-8"],
  ])("%s is %i %s for a browser that opens a page", async (path, status, type) => {
    const headers = { Accept: "text/html,application/xhtml+xml,*/*;q=0.8" };
    const response = await fetch(`${edge.url}${path}`, { headers });
    expect([response.status, response.headers.get("content-type")]).toEqual([status, type]);
  });

  it.each([
    "/../secret.txt",
    "/app/../../secret.txt",
    "/..%2fsecret.txt",
    "/%2e%2e/secret.txt",
    "//etc/passwd",
    "/..\\secret.txt",
  ])("%s reaches nothing outside", async (path) => {
    const body = execFileSync("curl", ["-s", "--path-as-is", `${edge.url}${path}`]).toString();
    expect(body).not.toContain("secret");
    expect(body).not.toContain("root:");
  });

  it("answer 304 to who has them, and take GET and HEAD only", async () => {
    const first = await fetch(`${edge.url}/`);
    const tag = first.headers.get("etag")!;
    expect((await fetch(`${edge.url}/`, { headers: { "If-None-Match": tag } })).status).toBe(304);
    const head = await fetch(`${edge.url}/`, { method: "HEAD" });
    expect([head.status, head.headers.get("content-length"), await head.text()]).toEqual([200, "34", ""]);
    expect((await fetch(`${edge.url}/`, { method: "POST" })).status).toBe(405);
  });
});
