import { describe, expect, test } from "@jest/globals";
import { currentServer, isMissing, NatsProcess, TestAuthority } from "@tidewire/log-engine-jetstream/testing";
import { connect, StorageProcess } from "./support/storage-process.ts";

function start(settings: Readonly<Record<string, string>>): StorageProcess {
  return new StorageProcess("", "127.0.0.1:0", { "storage.engine": "jetstream", ...settings });
}

describe("what keeps the log from NATS is one line that says what to do", () => {
  test.each([
    ["no server", {}, /set nats\.url/],
    [
      "a password that would be printed",
      { "nats.url": "nats://me:secret@127.0.0.1:4222" },
      /nats\.user and nats\.password/,
    ],
    ["a shard", { "nats.url": "nats://127.0.0.1:1", "storage.shard.count": "2" }, /every process serves the whole log/],
    [
      "two names",
      { "nats.url": "nats://127.0.0.1:1", "nats.user": "me", "nats.token": "secret" },
      /nats\.user and nats\.token are two ways/,
    ],
    ["a password of nobody", { "nats.url": "nats://127.0.0.1:1", "nats.password": "secret" }, /needs nats\.user/],
    [
      "half a certificate",
      { "nats.url": "nats://127.0.0.1:1", "nats.tls.certFile": "/nowhere/secret.pem" },
      /certFile and nats\.tls\.keyFile belong together/,
    ],
    [
      "a file that is not there",
      { "nats.url": "nats://127.0.0.1:1", "nats.nkeyFile": "/nowhere/nkey" },
      /cannot read nats\.nkeyFile/,
    ],
    ["nobody there", { "nats.url": "nats://127.0.0.1:1" }, /cannot keep the log in NATS at nats:\/\/127\.0\.0\.1:1/],
  ])("%s", async (_, settings, message) => {
    const { code, stderr } = await start(settings).exited;
    expect(code).not.toBe(0);
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain(" secret");
  });
});

if (isMissing(currentServer, "a current NATS server")) {
  describe.skip("over NATS", () => test("needs a NATS server", () => {}));
} else {
  const binary = currentServer;
  test("two processes over one NATS: one takes over where the other was killed", async () => {
    const nats = await NatsProcess.start(binary);
    const settings = { "nats.url": nats.url, "nats.partitions": "2" };
    const document = { space: "board-game", key: "g1" };
    const [first, second] = [start(settings), start({ ...settings, "node.id": "log-2" })];
    const one = connect(await first.address());
    const { epoch } = await one.engine.open(document, "host-a");
    await one.engine.append(document, { epoch, expectedSeq: 0, seq: 1, data: Buffer.from("kept") });
    await first.kill("SIGKILL");
    await one.close();
    const two = connect(await second.address());
    // The epoch is the document's, not the process's.
    await two.engine.append(document, { epoch, expectedSeq: 1, seq: 2, data: Buffer.from("on") });
    const { seq, patches } = await two.engine.open(document, "host-b");
    expect([seq, patches.map(({ data }) => Buffer.from(data).toString())]).toEqual([2, ["kept", "on"]]);
    await two.close();
    expect((await second.kill("SIGTERM")).code).toBe(0);
    await nats.remove();
  });

  test("over TLS and with a password; readiness says so while NATS is away", async () => {
    const authority = new TestAuthority();
    const { certFile, keyFile } = authority.certify("nats.test");
    const lines = [
      `tls { cert_file: "${certFile}", key_file: "${keyFile}" }`,
      "authorization { user: log, password: hush-hush }",
    ];
    const nats = await NatsProcess.start(binary, { lines });
    const storage = start({
      "nats.url": nats.url,
      "nats.partitions": "2",
      "nats.user": "log",
      "nats.passwordFile": authority.file("password", "hush-hush\n"),
      "nats.tls.caFile": authority.caFile,
      "nats.tls.serverName": "nats.test",
      "logging.level": "debug",
    });
    const remote = connect(await storage.address());
    const admin = await storage.adminAddress();
    const readyz = async (): Promise<[number, string]> => {
      const answer = await fetch(`http://${admin}/readyz`);
      return [answer.status, await answer.text()];
    };
    const becomes = async (status: number): Promise<[number, string]> => {
      for (;;) {
        const answer = await readyz();
        if (answer[0] === status) return answer;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    const document = { space: "board-game", key: "g1" };
    const append = (epoch: number, expectedSeq: number) =>
      remote.engine.append(document, { epoch, expectedSeq, seq: expectedSeq + 1, data: Buffer.from("kept") });
    const { epoch } = await remote.engine.open(document, "host-a");
    await append(epoch, 0);
    expect(await readyz()).toEqual([200, "ready\n"]);

    await nats.kill();
    expect(await becomes(503)).toEqual([503, "NATS is away: nothing can be read or written\n"]);
    await expect(append(epoch, 1)).rejects.toMatchObject({ code: "unavailable", details: { reason: "nats_away" } });
    await nats.start();
    expect(await becomes(200)).toEqual([200, "ready\n"]);
    await append(epoch, 1);
    expect((await remote.engine.open(document, "host-b")).seq).toBe(2);

    await remote.close();
    const { code, stderr } = await storage.kill("SIGTERM");
    expect([code, stderr]).toEqual([0, ""]);
    expect(storage.output).toContain("lost the connection to NATS");
    expect(storage.output).not.toContain("hush-hush");
    await nats.remove();
    authority.remove();
  });
}
