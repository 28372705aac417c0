import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import type { DocumentName } from "@tidewire/foundation";
import type { LogEngine } from "@tidewire/log-engine";
import { currentServer, isMissing, NatsProcess } from "@tidewire/log-engine-jetstream/testing";
import { addressOf, connectAsHost, type JsonProcess, startLogStorage, tidewireLog } from "./support/log-processes.ts";

const TIMEOUT_MS = 120_000;
const ONE = { index: 0, count: 1 };

if (isMissing(currentServer, "a current NATS server")) {
  describe.skip("tidewire log migrate over NATS", () => test("needs a NATS server", () => {}));
} else {
  const binary = currentServer;
  const running: { kill(): Promise<void> }[] = [];
  const closing: (() => Promise<void>)[] = [];
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "tidewire-migrate-"));
  });
  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
    await Promise.all(running.splice(0).map((each) => each.kill()));
    rmSync(folder, { recursive: true, force: true });
  });

  async function serve(directory: string, settings: Readonly<Record<string, string>> = {}): Promise<string> {
    const storage = startLogStorage(directory, ONE, settings);
    running.push(storage);
    return addressOf(storage);
  }

  function engineAt(address: string): LogEngine {
    const links = connectAsHost([address]);
    closing.push(() => links.close());
    return links.engine;
  }

  /** Everything a host can be told: heads, and every byte. */
  async function contentsOf(log: LogEngine, documents: readonly DocumentName[]): Promise<unknown[]> {
    const heads = await log.heads(documents);
    const contents: unknown[] = [];
    for (const [index, document] of documents.entries()) {
      const records: string[] = [];
      for (let afterSeq = 0; ; ) {
        const { snapshot, patches, deletion } = await log.read(document, { afterSeq, limit: 1_000 });
        const found = [snapshot, ...patches, deletion].filter((record) => record !== undefined);
        if (found.length === 0) break;
        records.push(...found.map(({ seq, data }) => `${seq} ${Buffer.from(data).toString("base64")}`));
        afterSeq = found.at(-1)!.seq;
      }
      contents.push({ document, ...heads[index], records });
    }
    return contents;
  }

  async function migrate(from: string, to: string): Promise<void> {
    const run = tidewireLog("migrate", "--from", from, "--to", to, "--cut-over");
    expect(await run.line(({ event }) => event === "moved")).toMatchObject({ addresses: [to] });
    expect(await run.exited).toBe(0);
  }

  /** Kills it when the target holds some of the documents and not all of them. */
  async function killedInTheMiddle(run: JsonProcess, target: LogEngine, all: number): Promise<void> {
    const copied = async () => (await target.list("board-game", { limit: 10_000 })).length;
    while ((await copied()) < 20) await new Promise((resolve) => setTimeout(resolve, 5));
    await run.kill("SIGKILL");
    const atKill = await copied();
    expect([await run.exited, atKill < all]).toEqual(["SIGKILL", true]);
  }

  describe("tidewire log migrate over NATS", () => {
    test(
      "from a folder to JetStream and back, killed in the middle each time: the same bytes, epochs and seqs",
      async () => {
        const nats = await NatsProcess.start(binary);
        running.push({ kill: () => nats.remove() });
        const first = await serve(join(folder, "first"));
        const source = engineAt(first);
        const documents = Array.from({ length: 400 }, (_, index) => ({ space: "board-game", key: `g${index}` }));
        await Promise.all(
          documents.map(async (document, index) => {
            for (let opens = 0; opens < index % 3; opens++) await source.open(document, "host-b");
            const { epoch } = await source.open(document, "host-a");
            const large = index % 40 === 7 ? 600_000 : 2_000;
            const append = (seq: number, more: object = {}) => {
              const data = Buffer.alloc(seq === 2 ? large : 300, `${document.key} ${seq}`);
              return source.append(document, { epoch, expectedSeq: seq - 1, seq, data, ...more });
            };
            if (index % 50 === 49) return;
            for (let seq = 1; seq <= 4; seq++) await append(seq);
            if (index % 4 === 0) {
              await source.snapshot(document, { epoch, seq: 3, data: Buffer.alloc(large, `state of ${document.key}`) });
            }
            if (index % 5 === 0) await append(5, { wakeAt: 5_000 + index });
            else if (index % 7 === 0) await append(5, { deletes: true });
          }),
        );
        const before = await contentsOf(source, documents);
        const existing = (await source.list("board-game", { limit: 1_000 })).length;

        const second = await serve("", { "storage.engine": "jetstream", "nats.url": nats.url, "nats.partitions": "4" });
        const target = engineAt(second);
        const broken = tidewireLog("migrate", "--from", first, "--to", second);
        await killedInTheMiddle(broken, target, existing);
        await migrate(first, second);
        expect(await contentsOf(target, documents)).toEqual(before);

        const third = await serve(join(folder, "third"));
        const last = engineAt(third);
        const again = tidewireLog("migrate", "--from", second, "--to", third);
        await killedInTheMiddle(again, last, existing);
        await migrate(second, third);
        expect(await contentsOf(last, documents)).toEqual(before);
        expect(await last.due({ before: 10_000, limit: 1_000 })).toHaveLength(80);

        // A writer of before the move is fenced, and who opens goes on.
        const { epoch } = await source.heads([documents[1]!]).then(([head]) => head!);
        const { epoch: taken, seq } = await last.open(documents[1]!, "host-c");
        expect([taken, seq]).toEqual([epoch + 1, 4]);
        const stale = { epoch, expectedSeq: seq, seq: seq + 1, data: Buffer.from("late") };
        await expect(last.append(documents[1]!, stale)).rejects.toMatchObject({ code: "fenced" });
        // Log storage over NATS that is left behind is sealed for all its processes.
        await expect(target.open(documents[1]!, "host-c")).rejects.toMatchObject({ details: { reason: "sealed" } });
      },
      TIMEOUT_MS,
    );
  });
}
