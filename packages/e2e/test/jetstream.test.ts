import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type ConformanceView, RawClient } from "@tidewire/harness";
import { PeerLink } from "@tidewire/link";
import { RemoteLogEngine } from "@tidewire/log-engine";
import { currentServer, isMissing, NatsProcess } from "@tidewire/log-engine-jetstream/testing";
import { JetStreamSystem } from "../src/jetstream-system.ts";
import { linkMember } from "../src/link-member.ts";

const DOCUMENTS = 6;

if (isMissing(currentServer, "a current NATS server")) {
  describe.skip("the system over NATS", () => test("needs a NATS server", () => {}));
} else {
  const binary = currentServer;
  describe("the system over NATS, with two log storages", () => {
    let nats: NatsProcess;
    let system: JetStreamSystem;
    beforeAll(async () => {
      nats = await NatsProcess.start(binary);
      system = await JetStreamSystem.start(nats.url);
    }, 90_000);
    afterAll(async () => {
      await system?.stop();
      await nats?.remove();
    }, 60_000);

    test("serves documents, and loses nothing when a log storage, a host or NATS is killed in the middle of play", async () => {
      const client = await RawClient.as(system.socketUrl, "ann");
      const keys = Array.from({ length: DOCUMENTS }, (_, index) => `nats-${index}`);
      const streams = await Promise.all(keys.map((key) => client.connect("conformance", key)));
      const players = keys.map((key) => new Player(client, key));
      const progress = (): number => Math.min(...players.map(({ acknowledged }) => acknowledged));
      const goOn = async (what: string): Promise<void> => {
        const goal = progress() + 10;
        await waitFor(() => progress() >= goal, what);
      };
      await goOn("the beginning");
      for (const victim of ["log-storage-1", "document-host-1", "log-storage-2"]) {
        await system.kill(victim);
        await system.start(victim);
        await goOn(`play after ${victim}`);
      }
      await nats.kill();
      await nats.start();
      await goOn("play after NATS");
      await Promise.all(players.map((player) => player.stop()));
      for (const [index, key] of keys.entries()) {
        const { view } = (await client.call("document/get", { space: "conformance", key })) as {
          view: ConformanceView;
        };
        expect([key, view.counts]).toEqual([key, { ann: players[index]!.acknowledged }]);
        await client.untilView<ConformanceView>(streams[index]!, ({ value }) => value === view.value);
      }
      expect(client.mismatches).toEqual([]);
      await client.close();
    }, 180_000);

    test("writers are fenced across log storages, and told at once", async () => {
      const [first, second] = system.logs.map((address) => connect(address)) as [RemoteLog, RemoteLog];
      const document = { space: "fences", key: "d1" };
      const told = new Promise<number>((resolve) => {
        first.engine.watchFenced("host-a", (_, epoch) => resolve(epoch));
      });
      const { epoch: old } = await first.engine.open(document, "host-a");
      await first.engine.append(document, { epoch: old, expectedSeq: 0, seq: 1, data: Buffer.from("a") });
      const { epoch, patches } = await second.engine.open(document, "host-b");
      expect([await told, patches.length]).toEqual([epoch, 1]);
      const stale = first.engine.append(document, { epoch: old, expectedSeq: 1, seq: 2, data: Buffer.from("b") });
      await expect(stale).rejects.toMatchObject({ code: "fenced", details: { epoch, seq: 1 } });
      await second.engine.append(document, { epoch, expectedSeq: 1, seq: 2, data: Buffer.from("c") });
      expect((await first.engine.read(document, { afterSeq: 0, limit: 9 })).patches).toHaveLength(2);
      await Promise.all([first.close(), second.close()]);
    }, 60_000);
  });
}

/** Adds 1 again and again, each with a marker, and repeats until it is acknowledged. */
class Player {
  acknowledged = 0;
  readonly #client: RawClient;
  readonly #key: string;
  readonly #done: Promise<void>;
  #isStopping = false;

  constructor(client: RawClient, key: string) {
    this.#client = client;
    this.#key = key;
    this.#done = this.#run();
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#done;
  }

  async #run(): Promise<void> {
    while (!this.#isStopping) {
      const marker = `${this.#key}-${this.acknowledged}`;
      const send = { space: "conformance", key: this.#key, message: "add", arg: { by: 1 }, marker };
      for (let isDone = false; !isDone; ) {
        isDone = await this.#client.call("message/send", send).then(
          () => true,
          async (error: { retryable?: boolean; retryAfterMs?: number }) => {
            if (error.retryable !== true) throw error;
            await new Promise((resolve) => setTimeout(resolve, Math.min(error.retryAfterMs ?? 100, 500)));
            return false;
          },
        );
      }
      this.acknowledged++;
    }
  }
}

interface RemoteLog {
  readonly engine: RemoteLogEngine;
  close(): Promise<void>;
}

/** A host's view of a log storage. */
function connect(address: string): RemoteLog {
  const modules = linkMember("host-a", "document-host");
  const link = new PeerLink(address, modules);
  const engine = new RemoteLogEngine({ link, clock: modules.clock, random: modules.random });
  return {
    engine,
    close: async () => {
      await engine.close();
      await link.close();
    },
  };
}

async function waitFor(isTrue: () => boolean, what: string): Promise<void> {
  const giveUpAt = performance.now() + 60_000;
  while (!isTrue()) {
    if (performance.now() > giveUpAt) throw new Error(`waited 60 s for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
