import { describe, expect, test } from "@jest/globals";
import { Bench, game, grow } from "./support/bench.ts";

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
  });
});
