import { describe, expect, test } from "@jest/globals";
import { ServiceError } from "@tidewire/foundation";
import { MemoryLogEngine } from "@tidewire/log-engine";
import { putBack } from "../src/restore/put-back.ts";

const document = { space: "board-game", key: "g1" };
const encode = ({ from, to }: { readonly from: number; readonly to: number }) => ({
  data: Buffer.from(`restored ${from} to ${to}`),
});

async function grown(engine: MemoryLogEngine, count: number): Promise<number> {
  const { epoch } = await engine.open(document, "host-a");
  for (let seq = 1; seq <= count; seq++) {
    await engine.append(document, { epoch, expectedSeq: seq - 1, seq, data: Buffer.from(`patch ${seq}`) });
  }
  return epoch;
}

async function texts(engine: MemoryLogEngine): Promise<string[]> {
  const { patches } = await engine.read(document, { afterSeq: 0, limit: 100 });
  return patches.map(({ data }) => Buffer.from(data).toString());
}

describe("putting a document back", () => {
  test("appends one record behind the head and fences the owner", async () => {
    const engine = new MemoryLogEngine();
    const epoch = await grown(engine, 3);
    expect(await putBack(engine, document, "restore", encode)).toEqual({ fromSeq: 3, seq: 4, attempts: 1 });
    expect(await texts(engine)).toEqual(["patch 1", "patch 2", "patch 3", "restored 3 to 4"]);
    const late = engine.append(document, { epoch, expectedSeq: 4, seq: 5, data: Buffer.from("late") });
    await expect(late).rejects.toMatchObject({ code: "fenced" });
  });

  test("tries again when the owner was faster", async () => {
    const engine = new MemoryLogEngine();
    await grown(engine, 3);
    const held = engine.faults.holdNext("append");
    const restored = putBack(engine, document, "restore", encode);
    await held.reached;
    const { epoch } = await engine.open(document, "host-a");
    held.release();
    const { attempts } = await restored;
    expect(attempts).toBe(2);
    expect(epoch).toBeGreaterThan(1);
    expect(await texts(engine)).toEqual(["patch 1", "patch 2", "patch 3", "restored 3 to 4"]);
  });

  test("writes once when the answer is lost", async () => {
    const engine = new MemoryLogEngine();
    await grown(engine, 3);
    engine.faults.loseNextAnswer("append", new ServiceError("unavailable", "the connection broke"));
    expect(await putBack(engine, document, "restore", encode)).toEqual({ fromSeq: 3, seq: 4, attempts: 2 });
    expect(await texts(engine)).toEqual(["patch 1", "patch 2", "patch 3", "restored 3 to 4"]);
  });

  test("gives up at once on what will not pass", async () => {
    const engine = new MemoryLogEngine();
    engine.faults.failNext("open", new ServiceError("internal", "damaged"));
    await expect(putBack(engine, document, "restore", encode)).rejects.toMatchObject({ code: "internal" });
  });

  test("brings a deleted document back, behind its old head", async () => {
    const engine = new MemoryLogEngine();
    const epoch = await grown(engine, 2);
    await engine.append(document, { epoch, expectedSeq: 2, seq: 3, data: Buffer.from("gone"), deletes: true });
    expect(await putBack(engine, document, "restore", encode)).toMatchObject({ fromSeq: 3, seq: 4 });
    expect(await engine.open(document, "host-a")).toMatchObject({ seq: 4, isDeleted: false });
  });
});
