import { describe, expect, test } from "@jest/globals";
import { errorOf, game, grow, type StartLogEngine, step, withEngine } from "./log-engine-under-test.ts";

export function closingCompliance(start: StartLogEngine): void {
  describe("close", () => {
    test(
      "lets writes under way end one way or the other, and refuses what comes later",
      withEngine(start, async (engine) => {
        const { epoch, seq } = await grow(engine, game, 1);
        const underWay = engine.append(game, step(epoch, seq)).then(
          () => "committed",
          () => "refused",
        );
        await engine.close();
        expect(["committed", "refused"]).toContain(await underWay);
        expect((await errorOf(engine.append(game, step(epoch, seq + 1)))).code).toBe("unavailable");
        expect((await errorOf(engine.open(game, "host-a"))).code).toBe("unavailable");
        expect((await errorOf(engine.read(game, { afterSeq: 0, limit: 1 }))).code).toBe("unavailable");
        await engine.close();
      }),
    );
  });
}
