import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { currentServer, isMissing, NatsProcess } from "@tidewire/log-engine-jetstream/testing";
import { CuttableProxy } from "./support/cuttable-proxy.ts";
import { connect, type RemoteLog, StorageProcess } from "./support/storage-process.ts";

if (isMissing(currentServer, "a current NATS server")) {
  describe.skip("a process that was cut off from NATS", () => test("needs a NATS server", () => {}));
} else {
  const binary = currentServer;
  describe("a process that was cut off from NATS", () => {
    const document = { space: "board-game", key: "g1" };
    let nats: NatsProcess;
    let proxy: CuttableProxy;
    let processes: StorageProcess[];
    let remotes: RemoteLog[];
    let admin: string;
    beforeEach(async () => {
      nats = await NatsProcess.start(binary);
      proxy = await CuttableProxy.to(`127.0.0.1:${nats.port}`);
      const settings = { "storage.engine": "jetstream", "nats.partitions": "1" };
      processes = [
        new StorageProcess("", "127.0.0.1:0", { ...settings, "nats.url": nats.url }),
        new StorageProcess("", "127.0.0.1:0", {
          ...settings,
          "nats.url": `nats://${proxy.address}`,
          "node.id": "log-2",
        }),
      ];
      admin = await processes[1]!.adminAddress();
      remotes = [];
    });
    afterEach(async () => {
      for (const remote of remotes) await remote.close();
      await Promise.all(processes.map((each) => each.kill("SIGKILL")));
      await proxy.close();
      await nats.remove();
    });

    async function at(index: number, role = "document-host"): Promise<RemoteLog> {
      const remote = connect(await processes[index]!.address(), `${role}-${index}`, role);
      remotes.push(remote);
      return remote;
    }

    async function cutOff<Result>(meanwhile: () => Promise<Result>): Promise<Result> {
      const becomes = async (status: number): Promise<void> => {
        while ((await fetch(`http://${admin}/readyz`)).status !== status) {
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
      };
      proxy.cut();
      await becomes(503);
      const result = await meanwhile();
      proxy.mend();
      await becomes(200);
      return result;
    }

    test("knows that the log was sealed meanwhile before it takes a write", async () => {
      const tool = await at(0, "tool");
      const { engine } = await at(1);
      const { epoch } = await engine.open(document, "host-a");
      await cutOff(() => tool.seal(true));
      const append = { epoch, expectedSeq: 0, seq: 1, data: Buffer.from("after the move") };
      await expect(engine.append(document, append)).rejects.toMatchObject({ details: { reason: "sealed" } });
      await cutOff(() => tool.seal(false));
      await engine.append(document, append);
    });

    test("or not, has ended all writes when the seal is set: what is read then is final", async () => {
      const tool = await at(0, "tool");
      const { engine } = await at(1);
      const writers = Array.from({ length: 48 }, (_, index) => ({
        name: { ...document, key: `w${index}` },
        acknowledged: 0,
      }));
      const refusals = writers.map(async (writer) => {
        const { epoch } = await engine.open(writer.name, "host-a");
        for (let seq = 1; ; seq++) {
          const append = { epoch, expectedSeq: seq - 1, seq, data: Buffer.alloc(400) };
          const error = await engine.append(writer.name, append).then(
            () => undefined,
            (thrown: { readonly details: object }) => thrown,
          );
          if (error !== undefined) return error.details;
          writer.acknowledged = seq;
        }
      });
      while (writers.some(({ acknowledged }) => acknowledged < 5))
        await new Promise((resolve) => setTimeout(resolve, 5));
      await tool.seal(true);
      const heads = await tool.engine.heads(writers.map(({ name }) => name));
      for (const details of await Promise.all(refusals)) expect(details).toMatchObject({ reason: "sealed" });
      expect(heads.map(({ seq }) => seq)).toEqual(writers.map(({ acknowledged }) => acknowledged));
    }, 30_000);

    test("tells owners what they lost meanwhile", async () => {
      const { engine } = await at(1);
      const told = new Promise<[string, number]>((resolve) => {
        engine.watchFenced("host-a", ({ key }, epoch) => resolve([key, epoch]));
      });
      const { epoch } = await engine.open(document, "host-a");
      // The watch itself is there: what is lost without a cut is told.
      const other = await at(0);
      const taken = await cutOff(() => other.engine.open(document, "host-b"));
      expect([await told, taken.epoch]).toEqual([["g1", epoch + 1], epoch + 1]);
    }, 15_000);
  });
}
