import { describe, expect, test } from "@jest/globals";
import { ServiceError } from "@tidewire/foundation";
import { logEngineCompliance } from "../src/compliance/compliance.ts";
import { defaultLogLimits, MemoryLogEngine } from "../src/index.ts";

logEngineCompliance(
  "MemoryLogEngine",
  async (limits = {}) => {
    const engine = new MemoryLogEngine({}, limits);
    return { engine, limits: { ...defaultLogLimits, ...limits }, stop: () => engine.close() };
  },
  { isDurable: false, keepsHistory: true },
);

const game = { space: "board-game", key: "g1" };
const unavailable = new ServiceError("unavailable", "the disk is on fire");

describe("the fault plan", () => {
  test("a planned failure strikes once and writes nothing", async () => {
    const engine = new MemoryLogEngine();
    const { epoch } = await engine.open(game, "host-a");
    const append = { epoch, expectedSeq: 0, seq: 1, data: new Uint8Array(1) };
    engine.faults.failNext("append", unavailable);
    await expect(engine.append(game, append)).rejects.toBe(unavailable);
    expect((await engine.read(game, { afterSeq: 0, limit: 1 })).patches).toHaveLength(0);
    await engine.append(game, append);
    expect((await engine.read(game, { afterSeq: 0, limit: 1 })).patches).toHaveLength(1);
  });

  test("a lost answer is an error of something that did happen", async () => {
    const engine = new MemoryLogEngine();
    const { epoch } = await engine.open(game, "host-a");
    const append = { epoch, expectedSeq: 0, seq: 1, data: new Uint8Array(1) };
    engine.faults.loseNextAnswer("append", unavailable);
    await expect(engine.append(game, append)).rejects.toBe(unavailable);
    await engine.append(game, append);
    expect((await engine.open(game, "host-a")).seq).toBe(1);
  });

  test("a held operation takes effect only when released; others overtake it", async () => {
    const engine = new MemoryLogEngine();
    const { epoch } = await engine.open(game, "host-a");
    const held = engine.faults.holdNext("append");
    const appended = engine.append(game, { epoch, expectedSeq: 0, seq: 1, data: new Uint8Array(1) });
    await held.reached;
    const { epoch: newer, seq } = await engine.open(game, "host-b");
    expect(seq).toBe(0);
    held.release();
    await expect(appended).rejects.toMatchObject({ code: "fenced", details: { epoch: newer, seq: 0 } });
  });
});
