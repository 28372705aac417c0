import { describe, expect, test } from "@jest/globals";
import { SystemClock } from "@tidewire/foundation";
import { SubjectReader } from "../src/subject-reader.ts";
import { Bench, game, grow, places } from "./support/bench.ts";

const bench = new Bench();

describe("reads", () => {
  bench.eachServer((start) => {
    test("leave nothing behind on the connection", async () => {
      const server = await start();
      const engine = await bench.open(server);
      await grow(engine, 5);
      const documents = Array.from({ length: 20 }, (_, index) => ({ space: "chat", key: `k${index}` }));
      const everything = async (): Promise<void> => {
        await engine.open(game, "host-a");
        await engine.readAt(game, { seq: 3 });
        await engine.heads([game, ...documents]);
      };
      const subscriptions = async (): Promise<number> => {
        const answer = await fetch(`${server.monitoringUrl}/varz`);
        return ((await answer.json()) as { readonly subscriptions: number }).subscriptions;
      };
      await everything();
      const before = await subscriptions();
      for (let round = 0; round < 10; round++) await everything();
      expect(await subscriptions()).toBe(before);
    });

    test("of messages that were removed meanwhile give what is left, and do not fail", async () => {
      const server = await start();
      await grow(await bench.open(server), 5);
      const link = await bench.link(server);
      const reader = new SubjectReader({ link, clock: new SystemClock(), silenceMs: 2_000 });
      const { documentStream: stream, documentSubject: subject } = places;
      const last = (await reader.last(stream, subject))?.seq as number;
      const seqs = async (): Promise<number[]> => (await reader.range(stream, subject, 1, last)).map(({ seq }) => seq);
      expect(await seqs()).toHaveLength(6);
      const admin = await bench.admin(server);
      await admin.streams.purge(stream, { filter: subject, seq: last - 1 });
      expect(await seqs()).toEqual([last - 1, last]);
      await admin.streams.purge(stream, { filter: subject });
      expect(await seqs()).toEqual([]);
    });
  });
});
