import { describe, expect, test } from "@jest/globals";
import { currentServer, isMissing, NatsProcess } from "@tidewire/log-engine-jetstream/testing";
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
    ["nobody there", { "nats.url": "nats://127.0.0.1:1" }, /cannot keep the log in NATS at nats:\/\/127\.0\.0\.1:1/],
  ])("%s", async (_, settings, message) => {
    const { code, stderr } = await start(settings).exited;
    expect(code).not.toBe(0);
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain("secret");
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
}
