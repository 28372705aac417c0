import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type ConformanceView, RawClient, System } from "@tidewire/harness";

let system: System;

beforeAll(async () => {
  system = await System.start({ hosts: 2 });
}, 90_000);
afterAll(async () => {
  await system.stop();
}, 60_000);

/** Adds 1 again and again, each addition with a marker of its own, retried until it is acknowledged. */
class Adder {
  acknowledged = 0;
  refused = 0;
  readonly agent: string;
  readonly #client: RawClient;
  readonly key: string;
  #isStopping = false;
  #done: Promise<void>;

  constructor(client: RawClient, agent: string, key: string) {
    this.#client = client;
    this.agent = agent;
    this.key = key;
    this.#done = this.#run();
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#done;
  }

  async #run(): Promise<void> {
    while (!this.#isStopping) {
      const marker = `${this.agent}-${this.acknowledged}`;
      for (;;) {
        try {
          const send = { space: "conformance", key: this.key, message: "add", arg: { by: 1 }, marker };
          await this.#client.call("message/send", send);
          this.acknowledged++;
          break;
        } catch (error) {
          const refusal = error as { code?: string; retryable?: boolean; retryAfterMs?: number };
          if (refusal.retryable !== true) throw error;
          this.refused++;
          await new Promise((resolve) => setTimeout(resolve, Math.min(refusal.retryAfterMs ?? 100, 500)));
        }
      }
    }
  }
}

describe("kill -9 in the middle of play", () => {
  test.each(["document-host-1", "document-host-2", "log-storage-1", "routing-table-1"])(
    "%s: nothing acknowledged is lost or doubled, and every viewer converges",
    async (victim) => {
      const keysOfDocuments = Array.from({ length: 6 }, (_, index) => `crash-${victim}-${index}`);
      const agents = ["ann", "ben"];
      const adders: Adder[] = [];
      const viewers: { client: RawClient; id: number; key: string }[] = [];
      for (const agent of agents) {
        const client = await RawClient.as(system.socketUrl, agent);
        for (const key of keysOfDocuments) {
          viewers.push({ client, key, id: await client.connect("conformance", key) });
          adders.push(new Adder(client, agent, key));
        }
      }
      const progress = (): number => adders.reduce((sum, adder) => sum + adder.acknowledged, 0);
      await waitFor(() => progress() > 200, "traffic before the kill");
      await system.kill(victim);
      const atKill = new Map(adders.map((adder) => [adder, adder.acknowledged]));
      // Every document goes on, also those of the victim.
      await waitFor(() => adders.every((adder) => adder.acknowledged > atKill.get(adder)! + 5), `play after ${victim}`);
      await Promise.all(adders.map((adder) => adder.stop()));

      for (const key of keysOfDocuments) {
        const expected: Record<string, number> = {};
        for (const adder of adders.filter((candidate) => candidate.key === key))
          expected[adder.agent] = adder.acknowledged;
        const got = (await viewers[0]!.client.call("document/get", { space: "conformance", key })) as {
          hash: string;
          view: ConformanceView;
        };
        expect(got.view.counts).toEqual(expected);
        expect(got.view.value).toBe(expected["ann"]! + expected["ben"]!);
        for (const viewer of viewers.filter((candidate) => candidate.key === key)) {
          await viewer.client.untilView<ConformanceView>(viewer.id, (view) => view.value === got.view.value);
          await viewer.client.until(() => (viewer.client.replica(viewer.id).hash() === got.hash ? true : undefined));
          const seqs = viewer.client
            .streamFrames(viewer.id)
            .map((frame) => Number((frame.snapshot ?? frame.delta)!["@s"]));
          expect(seqs).toEqual([...seqs].sort((a, b) => a - b));
        }
      }
      for (const { client } of viewers) {
        expect(client.mismatches).toEqual([]);
        expect(client.frames.filter((frame) => frame.end !== undefined)).toEqual([]);
        await client.close();
      }
    },
    120_000,
  );

  test("the data is there after everything stopped and started again", async () => {
    const client = await RawClient.as(system.socketUrl, "ann");
    const before = await client.call("document/get", { space: "conformance", key: "crash-log-storage-1-0" });
    await client.close();
    const { dataFolder } = system;
    const second = await restart(dataFolder);
    const again = await RawClient.as(second.socketUrl, "ann");
    expect(await again.call("document/get", { space: "conformance", key: "crash-log-storage-1-0" })).toMatchObject({
      seq: before["seq"],
      view: { counts: (before["view"] as ConformanceView).counts },
    });
    await again.close();
  }, 120_000);
});

/** Stops the system without losing its folder and starts another one on it. */
async function restart(dataFolder: string): Promise<System> {
  await system.stop({ keepData: true });
  system = await System.start({ hosts: 2, dataFolder });
  return system;
}

async function waitFor(isTrue: () => boolean, what: string): Promise<void> {
  const giveUpAt = performance.now() + 60_000;
  while (!isTrue()) {
    if (performance.now() > giveUpAt) throw new Error(`waited 60 s for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
