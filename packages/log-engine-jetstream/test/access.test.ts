import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { nkeys } from "@nats-io/nats-core";
import { type Logger, noMetrics, SystemClock, SystemRandom } from "@tidewire/foundation";
import { type JetStreamLogEngine, type NatsAccess, openJetStreamLogEngine } from "../src/index.ts";
import { currentServer, isMissing, NatsProcess, TestAuthority, testAccount } from "../src/testing/index.ts";
import { errorOf, grow, until } from "./support/bench.ts";

const NAME = "nats.test";

if (isMissing(currentServer, "a current server")) {
  describe.skip("access", () => test("needs a server", () => {}));
} else {
  const binary = currentServer;
  describe("access", () => {
    let authority: TestAuthority;
    const running: { remove(): Promise<void> }[] = [];
    const opened: JetStreamLogEngine[] = [];
    const logged: string[] = [];
    const log = (fields: object, message: string): void => void logged.push(`${message} ${JSON.stringify(fields)}`);
    const logger: Logger = { debug: log, info: log, warn: log, error: log };
    beforeAll(() => {
      authority = new TestAuthority();
    });
    afterEach(async () => {
      await Promise.all(opened.splice(0).map((engine) => engine.close()));
      await Promise.all(running.splice(0).map((server) => server.remove()));
    });
    afterAll(() => authority.remove());

    async function serve(...lines: string[]): Promise<NatsProcess> {
      const server = await NatsProcess.start(binary, { lines });
      running.push(server);
      return server;
    }

    async function open(server: NatsProcess, access: Omit<NatsAccess, "servers">): Promise<JetStreamLogEngine> {
      const modules = { clock: new SystemClock(), random: new SystemRandom(), logger, metrics: noMetrics };
      const settings = { partitions: 1, connectTimeoutMs: 3_000 };
      const engine = await openJetStreamLogEngine(
        { ...settings, access: { servers: [server.url], ...access } },
        modules,
      );
      opened.push(engine);
      return engine;
    }

    function tlsLines(verify: boolean): string {
      const { certFile, keyFile } = authority.certify(NAME);
      const client = verify ? `, ca_file: "${authority.caFile}", verify: true` : "";
      return `tls { cert_file: "${certFile}", key_file: "${keyFile}"${client} }`;
    }

    describe("with TLS", () => {
      test("goes to servers of a known authority and the right name only", async () => {
        const server = await serve(tlsLines(false));
        const tls = { caFile: authority.caFile, serverName: NAME };
        expect((await grow(await open(server, { tls }), 2)).seq).toBe(2);
        const other = new TestAuthority();
        try {
          await expect(open(server, { tls: { ...tls, caFile: other.caFile } })).rejects.toThrow(/certificate/);
        } finally {
          other.remove();
        }
        await expect(open(server, { tls: { ...tls, serverName: "other.test" } })).rejects.toThrow(/other\.test/);
        await expect(open(server, {})).rejects.toThrow();
      });

      test("shows its own certificate where one is asked for", async () => {
        const server = await serve(tlsLines(true));
        const tls = { caFile: authority.caFile, serverName: NAME };
        expect((await grow(await open(server, { tls: { ...tls, ...authority.certify("client") } }), 1)).seq).toBe(1);
        await expect(open(server, { tls })).rejects.toThrow();
      });

      test("is not used without: a secret never goes over a bare connection", async () => {
        const server = await serve();
        await expect(open(server, { tls: {}, user: "me", password: "hush-hush" })).rejects.toThrow(/tls/);
      });
    });

    const seed = Buffer.from(nkeys.createUser().getSeed()).toString();
    const publicKey = nkeys.fromSeed(Buffer.from(seed)).getPublicKey();
    const account = testAccount();
    const stranger = testAccount();
    test.each<[string, readonly string[], Omit<NatsAccess, "servers">, Omit<NatsAccess, "servers">]>([
      [
        "a password",
        ["authorization { user: log, password: hush-hush }"],
        { user: "log", password: "hush-hush" },
        { user: "log", password: "wrong-hush" },
      ],
      ["a token", ["authorization { token: hush-hush }"], { token: "hush-hush" }, { token: "wrong-hush" }],
      [
        "an nkey",
        [`authorization { users: [{ nkey: ${publicKey} }] }`],
        { nkey: `${seed}\n` },
        { nkey: Buffer.from(nkeys.createUser().getSeed()).toString() },
      ],
      ["credentials", account.lines, { credentials: account.credentials }, { credentials: stranger.credentials }],
    ])("with %s is taken, with another or none it is not, and no secret is told", async (_, lines, right, wrong) => {
      const server = await serve(...lines);
      expect((await grow(await open(server, right), 3)).seq).toBe(3);
      const refused = [await errorOf(open(server, wrong)), await errorOf(open(server, {}))];
      for (const error of refused) expect(error.message).toMatch(/authoriz/i);
      const told = [...logged, ...refused.map((error) => `${error.message} ${error.stack} ${JSON.stringify(error)}`)];
      const secrets = [...Object.values(right), ...Object.values(wrong)].filter((each) => each !== "log") as string[];
      for (const secret of secrets) expect(told.join("\n")).not.toContain(secret.trim());
      expect(logged.length).toBeGreaterThan(0);
    });

    test("a secret that is changed is asked for again, and nothing has to be restarted", async () => {
      const lines = (password: string): string => `authorization { user: log, password: ${password} }`;
      const server = await serve(lines("first-hush"));
      let password = "first-hush";
      const engine = await open(server, { user: "log", password: () => password });
      await grow(engine, 1);
      await server.kill();
      await until(
        async () => engine.status.isConnected,
        (isConnected) => !isConnected,
      );
      expect((await errorOf(grow(engine, 1))).details).toMatchObject({ reason: "nats_away" });
      await server.restartWith({ lines: [lines("second-hush")] });
      password = "second-hush";
      await until(
        async () => engine.status.isConnected,
        (isConnected) => isConnected,
      );
      expect((await grow(engine, 1)).seq).toBe(2);
    });

    test("with two of them is a mistake of the operator", async () => {
      const server = await serve();
      await expect(open(server, { user: "me", token: "hush-hush" })).rejects.toThrow(RangeError);
    });
  });
}
