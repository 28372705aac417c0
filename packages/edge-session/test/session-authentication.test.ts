import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { ManualClock, type Principal } from "@tidewire/foundation";
import { exportJWK, exportSPKI, generateKeyPair, type JWK, SignJWT } from "jose";
import type { Authenticator } from "../src/auth/authenticator.ts";
import { JwtAuthenticator, jwtKeys } from "../src/auth/jwt-authenticator.ts";
import { TicketAuthority } from "../src/auth/ticket-authority.ts";
import { realTurns } from "./support/real-turns.ts";
import { TestEdge } from "./support/test-edge.ts";

const document = { space: "conformance", key: "k1" };
const secret = "a secret of thirty-two characters or more";
const issuer = "https://issuer.example";

interface Claims {
  readonly sub?: string | undefined;
  readonly iss?: string | undefined;
  readonly aud?: string;
  readonly expiresInMs?: number;
}

/** Tokens by the clock of the test; `jose` itself never looks at the machine's. */
async function token(clock: ManualClock, claims: Claims = {}, key: string = secret): Promise<string> {
  const nowS = Math.floor(clock.wallMs() / 1_000);
  const { sub = "alice", iss = issuer, aud, expiresInMs = 60_000 } = claims;
  const jwt = new SignJWT({
    ...("sub" in claims && claims.sub === undefined ? {} : { sub }),
    ...("iss" in claims && claims.iss === undefined ? {} : { iss }),
    ...(aud === undefined ? {} : { aud }),
    exp: nowS + expiresInMs / 1_000,
  });
  return await jwt.setProtectedHeader({ alg: "HS256" }).sign(new TextEncoder().encode(key));
}

async function jwtEdge(options: { audiences?: string[]; issuers?: string[] } = {}): Promise<TestEdge> {
  const keys = await jwtKeys({ kind: "secret", secret });
  const { audiences = [], issuers = [issuer] } = options;
  return await TestEdge.start({
    authenticator: (clock): Authenticator =>
      new JwtAuthenticator(keys, clock, { audiences, issuers, clockToleranceMs: 0 }),
  });
}

async function answered(edge: TestEdge, isAnswered: () => boolean): Promise<void> {
  await realTurns(isAnswered, () => edge.settle(0));
}

describe("before the first request", () => {
  it("everything but authenticate is unauthenticated, and the socket stays", async () => {
    const edge = await TestEdge.start();
    const client = await edge.connect();
    client.up({ id: 1, method: "heartbeat", at: 1 });
    client.up({ id: 2, method: "document/get", ...document });
    client.up({ id: 3, method: "connection/create", ...document });
    for (const id of [1, 2, 3]) expect(client.last(id)?.error).toMatchObject({ code: "unauthenticated", number: 1002 });
    expect(client.closedWith).toBeUndefined();
    expect(edge.hosts[0].gets).toBe(0);
  });

  it("authenticate answers who, which session, and the limits", async () => {
    const edge = await TestEdge.start();
    const client = await edge.connect();
    client.up({ id: 1, method: "session/authenticate", token: "dev:alice" });
    await edge.settle();
    expect(client.last(1)?.result).toEqual({
      principal: { agent: "alice", authority: "dev" },
      session: client.session.id,
      heartbeatMs: 5_000,
      limits: {
        frameMaxBytes: 1_048_576,
        ackWindowBytes: 262_144,
        streamsMax: 1_000,
        requestsMax: 1_024,
        idleMs: 10_000,
      },
    });
  });

  it("requests behind it need not wait for its answer", async () => {
    const edge = await TestEdge.start();
    const client = await edge.connect();
    client.up({ id: 1, method: "session/authenticate", token: "dev:alice" });
    client.up({ id: 2, method: "message/send", ...document, message: "add" });
    client.up({ id: 7, method: "connection/create", ...document });
    client.up({ id: 1, method: "heartbeat", at: 1 });
    await edge.settle();
    expect(client.frames.map((frame) => frame.id).toSorted((a, b) => a - b)).toEqual([1, 1, 2, 7]);
    expect(client.of(1)[0]?.error).toMatchObject({ details: { reason: "id_in_use" } });
    expect(edge.hosts[0].sends[0]?.principal).toEqual({ agent: "alice", authority: "dev" });
  });

  it("requests behind a refused token are unauthenticated; the next token counts", async () => {
    const edge = await TestEdge.start();
    const client = await edge.connect();
    client.up({ id: 1, method: "session/authenticate", token: "nonsense" });
    client.up({ id: 2, method: "document/get", ...document });
    client.up({ id: 3, method: "session/authenticate", token: "dev:bob" });
    client.up({ id: 4, method: "document/get", ...document });
    await edge.settle();
    expect(client.last(1)?.error?.code).toBe("unauthenticated");
    expect(client.last(2)?.error?.code).toBe("unauthenticated");
    expect(client.last(3)?.result).toMatchObject({ principal: { agent: "bob" } });
    expect(client.last(4)?.result).toBeDefined();
  });

  it("bounds what waits", async () => {
    const edge = await TestEdge.start({ limits: { requestsMax: 3 } });
    const client = await edge.connect();
    client.up({ id: 1, method: "session/authenticate", token: "dev:alice" });
    for (let id = 2; id <= 6; id++) client.up({ id, method: "heartbeat", at: id });
    expect(client.frames.map((frame) => [frame.id, frame.error?.code])).toEqual([
      [5, "limit_exceeded"],
      [6, "limit_exceeded"],
    ]);
    await edge.settle();
    expect(client.last(4)?.result).toEqual({ at: 4 });
  });

  it("the Authorization header of the upgrade does it too", async () => {
    const edge = await TestEdge.start();
    const client = await edge.connect({ authorization: "bearer dev:alice" });
    client.up({ id: 1, method: "heartbeat", at: 5 });
    expect(client.last(1)?.result).toEqual({ at: 5 });
  });

  it.each(["Bearer nonsense", "Basic YTpi", "Bearer"])(
    "an upgrade with %s is refused with 401",
    async (authorization) => {
      const edge = await TestEdge.start();
      const decision = await edge.edge.judgeUpgrade({
        address: "192.0.2.1",
        header: (name) => (name === "authorization" ? authorization : undefined),
      });
      expect(decision).toMatchObject({ kind: "refuse", response: { status: 401 } });
    },
  );
});

describe("anonymous principals", () => {
  it("are fresh for every session, and renewed by no token", async () => {
    const edge = await TestEdge.start();
    const principals: Principal[] = [];
    for (let count = 0; count < 2; count++) {
      const client = await edge.connect();
      client.up({ id: 1, method: "session/authenticate" });
      await edge.settle();
      client.up({ id: 2, method: "session/authenticate" });
      await edge.settle();
      const first = client.last(1)?.result?.["principal"] as Principal;
      expect(client.last(2)?.result?.["principal"]).toEqual(first);
      expect(first.authority).toBe("anonymous");
      principals.push(first);
    }
    expect(principals[0]?.agent).not.toBe(principals[1]?.agent);
  });

  it("do not become somebody", async () => {
    const edge = await TestEdge.start();
    const client = await edge.connect();
    client.up({ id: 1, method: "session/authenticate" });
    client.up({ id: 2, method: "session/authenticate", token: "dev:alice" });
    await edge.settle();
    expect(client.last(2)?.error?.code).toBe("forbidden");
  });
});

describe("renewal", () => {
  it("keeps the principal; another one is forbidden and changes nothing", async () => {
    const edge = await TestEdge.start();
    const client = await edge.connectAs("alice");
    client.up({ id: 1, method: "session/authenticate", token: "dev:alice" });
    client.up({ id: 2, method: "session/authenticate", token: "dev:bob" });
    await edge.settle();
    client.up({ id: 3, method: "message/send", ...document, message: "m" });
    await edge.settle();
    expect(client.last(1)?.result).toMatchObject({ principal: { agent: "alice" } });
    expect(client.last(2)?.error).toMatchObject({ code: "forbidden", number: 1004 });
    expect(edge.hosts[0].sends[0]?.principal.agent).toBe("alice");
  });
});

describe("JSON Web Tokens", () => {
  let rsa: { readonly spki: string; readonly jwk: JWK; readonly sign: (jwt: SignJWT) => Promise<string> };

  beforeAll(async () => {
    const { publicKey, privateKey } = await generateKeyPair("RS256", { extractable: true });
    rsa = {
      spki: await exportSPKI(publicKey),
      jwk: await exportJWK(publicKey),
      sign: (jwt) => jwt.setProtectedHeader({ alg: "RS256" }).sign(privateKey),
    };
  });

  afterAll(() => {
    expect(rsa.spki).toContain("PUBLIC KEY");
  });

  it("take sub and iss for the principal", async () => {
    const edge = await jwtEdge();
    const client = await edge.connect({ authorization: `Bearer ${await token(edge.clock)}` });
    client.up({ id: 1, method: "session/authenticate", token: await token(edge.clock) });
    await answered(edge, () => client.last(1) !== undefined);
    expect(client.last(1)?.result).toMatchObject({ principal: { agent: "alice", authority: issuer } });
  });

  it.each([
    ["no token", undefined, "unauthenticated"],
    ["no JWT", () => Promise.resolve("abc"), "unauthenticated"],
    ["a dev token", () => Promise.resolve("dev:alice"), "unauthenticated"],
    ["an endless token", () => Promise.resolve("a".repeat(9_000)), "unauthenticated"],
    ["another key", (clock: ManualClock) => token(clock, {}, `${secret}!`), "unauthenticated"],
    ["another issuer", (clock: ManualClock) => token(clock, { iss: "https://evil.example" }), "unauthenticated"],
    ["another audience", (clock: ManualClock) => token(clock, { aud: "other" }), "unauthenticated"],
    ["no subject", (clock: ManualClock) => token(clock, { sub: undefined, aud: "tidewire" }), "unauthenticated"],
    [
      "an expired token",
      (clock: ManualClock) => token(clock, { expiresInMs: -1_000, aud: "tidewire" }),
      "token_expired",
    ],
  ])("refuse %s", async (_name, make, code) => {
    const edge = await jwtEdge({ audiences: ["tidewire"] });
    const client = await edge.connect();
    const text = await make?.(edge.clock);
    client.up({ id: 1, method: "session/authenticate", ...(text === undefined ? {} : { token: text }) });
    await answered(edge, () => client.last(1) !== undefined);
    expect(client.last(1)?.error?.code).toBe(code);
  });

  it("refuse a token without a signature", async () => {
    const edge = await jwtEdge();
    const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
    const unsigned = `${encode({ alg: "none" })}.${encode({ sub: "alice", iss: issuer })}.`;
    const client = await edge.connect();
    client.up({ id: 1, method: "session/authenticate", token: unsigned });
    await answered(edge, () => client.last(1) !== undefined);
    expect(client.last(1)?.error?.code).toBe("unauthenticated");
  });

  it("take a public key as PEM or JWK, and never as an HMAC secret", async () => {
    const clock = new ManualClock();
    const options = { audiences: [], issuers: [], clockToleranceMs: 0 };
    for (const key of [rsa.spki, JSON.stringify(rsa.jwk)]) {
      const keys = await jwtKeys({ kind: "publicKey", key, algorithm: "RS256" });
      const authenticator = new JwtAuthenticator(keys, clock, options);
      const signed = await rsa.sign(new SignJWT({ sub: "alice", iss: issuer }));
      expect(await authenticator.authenticate(signed)).toEqual({ principal: { agent: "alice", authority: issuer } });
      const forged = await token(clock, {}, rsa.spki);
      await expect(authenticator.authenticate(forged)).rejects.toMatchObject({ code: "unauthenticated" });
    }
  });

  it("are unavailable, not wrong, while the key set cannot be had", async () => {
    const keys = await jwtKeys({ kind: "jwks", url: "http://127.0.0.1:1/jwks" });
    const options = { audiences: [], issuers: [], clockToleranceMs: 0 };
    const authenticator = new JwtAuthenticator(keys, new ManualClock(), options);
    const signed = await rsa.sign(new SignJWT({ sub: "alice", iss: issuer }));
    await expect(authenticator.authenticate(signed)).rejects.toMatchObject({ code: "unavailable", retryable: true });
  });

  it("end the session when they expire: streams first, then the socket", async () => {
    const edge = await jwtEdge();
    const client = await edge.connect({ authorization: `Bearer ${await token(edge.clock, { expiresInMs: 8_000 })}` });
    client.up({ id: 7, method: "connection/create", ...document });
    await edge.settle(6_000);
    client.up({ id: 1, method: "heartbeat", at: 1 });
    expect(client.kinds(7)).toEqual(["snapshot"]);
    await edge.settle(2_000);
    expect(client.last(7)?.end).toMatchObject({ code: "token_expired", retryable: false });
    expect(client.closedWith?.code).toBe(4401);
    expect(edge.hosts[0].viewers.size).toBe(0);
    expect(edge.edge.sessionCount).toBe(0);
  });

  it("prolong the session when renewed in time", async () => {
    const edge = await jwtEdge();
    const client = await edge.connect({ authorization: `Bearer ${await token(edge.clock, { expiresInMs: 8_000 })}` });
    client.up({ id: 1, method: "session/authenticate", token: await token(edge.clock, { expiresInMs: 20_000 }) });
    await answered(edge, () => client.last(1) !== undefined);
    for (let beat = 0; beat < 3; beat++) {
      await edge.settle(5_000);
      client.up({ id: 10 + beat, method: "heartbeat", at: 1 });
    }
    expect(client.closedWith).toBeUndefined();
    client.up({ id: 2, method: "session/authenticate", token: await token(edge.clock, { sub: "bob" }) });
    await answered(edge, () => client.last(2) !== undefined);
    expect(client.last(2)?.error?.code).toBe("forbidden");
    await edge.settle(5_001);
    expect(client.closedWith?.code).toBe(4401);
  });
});

describe("tickets", () => {
  const clock = new ManualClock();
  const alice = { agent: "alice", authority: "dev" };

  it("stand for the session they were issued in", async () => {
    const tickets = new TicketAuthority("shared by the fleet", clock);
    const others = new TicketAuthority("shared by the fleet", clock);
    const ticket = await tickets.issue({ principal: alice }, 60_000);
    expect(await others.authenticate(ticket)).toEqual({ principal: alice });
  });

  it("expire, and never outlive the token", async () => {
    const tickets = new TicketAuthority("shared by the fleet", clock);
    const expiresAt = clock.wallMs() + 10_000;
    const ticket = await tickets.issue({ principal: alice, expiresAt }, 60_000);
    expect(await tickets.authenticate(ticket)).toEqual({ principal: alice, expiresAt });
    clock.advance(11_000);
    await expect(tickets.authenticate(ticket)).rejects.toMatchObject({ code: "token_expired" });
  });

  it("of another fleet, changed ones and plain tokens are refused", async () => {
    const tickets = new TicketAuthority("shared by the fleet", clock);
    const foreign = await new TicketAuthority("another fleet", clock).issue({ principal: alice }, 60_000);
    const own = await tickets.issue({ principal: alice }, 60_000);
    for (const ticket of [foreign, `${own}x`, own.slice(7), "ticket:", await token(clock, {}, "shared by the fleet")]) {
      await expect(tickets.authenticate(ticket)).rejects.toMatchObject({ code: "unauthenticated" });
    }
  });
});
