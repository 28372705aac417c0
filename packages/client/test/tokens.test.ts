import { describe, expect, test } from "@jest/globals";
import { ServiceError } from "@tidewire/foundation";
import { TidewireError } from "../src/index.ts";
import { errorOf, World } from "./support/world.ts";

describe("tokens", () => {
  const jwt = (expiresAtMs: number): string => {
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
    return `${part({ alg: "none" })}.${part({ sub: "älice?>", exp: Math.floor(expiresAtMs / 1_000) })}.sig`;
  };

  test("a provider is asked at each connect", async () => {
    let count = 0;
    const world = new World({ token: async () => `dev:alice${++count}` });
    world.client.connect();
    await world.pass(50);
    world.network.cut();
    await world.pass(2_000);
    expect(world.server.session.token).toBe("dev:alice2");
  });

  test("a JWT is renewed before it expires, without a new connection", async () => {
    const tokens: string[] = [];
    const world = new World({
      token: () => {
        tokens.push(jwt(world.clock.wallMs() + 100_000));
        return tokens.at(-1)!;
      },
    });
    world.client.connect();
    await world.pass(79_000);
    expect(tokens).toHaveLength(1);
    await world.pass(3_000);
    expect(tokens).toHaveLength(2);
    expect(world.server.session.token).toBe(tokens[1]);
    await world.pass(85_000);
    expect(tokens).toHaveLength(3);
    expect(world.server.connections).toBe(1);
  });

  test("a renewal that fails is tried again", async () => {
    let isDown = false;
    let asked = 0;
    const world = new World({
      token: () => {
        asked++;
        if (isDown) throw new Error("identity provider away");
        return jwt(world.clock.wallMs() + 100_000);
      },
    });
    world.client.connect();
    await world.pass(50);
    isDown = true;
    await world.pass(84_000);
    expect(asked).toBeGreaterThan(2);
    isDown = false;
    await world.pass(20_000);
    expect(world.server.methods().filter((method) => method === "session/authenticate")).toHaveLength(2);
    expect(world.client.state.status).toBe("live");
  });

  test("a provider that fails, or never answers, is a failed attempt", async () => {
    const answers = [() => Promise.reject(new Error("away")), () => new Promise<string>(() => {}), () => "dev:bob"];
    const world = new World({ token: () => (answers.shift() ?? (() => "dev:carol"))() });
    world.client.connect();
    await world.pass(100);
    expect(world.client.state).toMatchObject({ status: "connecting", reason: { code: "unavailable" } });
    await world.pass(25_000);
    expect(world.server.session.token).toBe("dev:bob");
  });

  test("a provider that says no closes the client", async () => {
    const world = new World({
      token: () => {
        throw new TidewireError("unauthenticated", "please log in");
      },
    });
    world.client.connect();
    await world.pass(100);
    expect(world.client.state).toMatchObject({ status: "closed", reason: { message: "please log in" } });
  });

  test("a token that expired on the way is replaced when there is a provider", async () => {
    let count = 0;
    const world = new World({ token: () => `dev:${++count}` });
    world.server.authenticate = (token) => {
      if (token === "dev:1") throw new ServiceError("token_expired", "old");
      return { agent: "alice", authority: "dev" };
    };
    world.client.connect();
    await world.pass(3_000);
    expect(world.client.state.status).toBe("live");
    const fixed = new World();
    fixed.server.authenticate = () => {
      throw new ServiceError("token_expired", "old");
    };
    fixed.client.connect();
    await fixed.pass(3_000);
    expect(fixed.client.state).toMatchObject({ status: "closed", reason: { code: "token_expired" } });
  });

  test("a request refused for its token is repeated with a new one", async () => {
    let count = 0;
    const world = new World({ token: () => `dev:alice-${++count}` });
    world.server.intercept = (session, { method }) =>
      session.token === "dev:alice-1" && method !== "session/authenticate"
        ? { error: new ServiceError("token_expired", "old").toBody() }
        : undefined;
    world.server.authenticate = () => ({ agent: "alice", authority: "dev" });
    const document = world.client.document("game", "g1");
    document.subscribe(() => {});
    const sent = document.send("add", { by: 1, label: "once" });
    await world.pass(4_000);
    expect(await sent).toMatchObject({ seq: 2 });
    expect(document.state).toMatchObject({ status: "live", view: { value: 1 } });
    expect(world.server.connections).toBe(1);
    const fixed = new World();
    fixed.server.intercept = world.server.intercept = (_, { method }) =>
      method === "session/authenticate" ? undefined : { error: new ServiceError("token_expired", "old").toBody() };
    expect(
      await errorOf(Promise.all([fixed.client.document("game", "g1").send("add", { by: 1 }), fixed.pass(1_000)])),
    ).toMatchObject({
      code: "token_expired",
    });
  });
});
