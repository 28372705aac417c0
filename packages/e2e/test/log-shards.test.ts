import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { type ConformanceView, RawClient, repositoryRoot, System } from "@tidewire/harness";

const TIMEOUT_MS = 180_000;
const keys = Array.from({ length: 12 }, (_, index) => `sharded-${index}`);

/** Adds 1 to one document again and again, each addition with a marker, repeated until it is acknowledged. */
class Adder {
  acknowledged = 0;
  readonly key: string;
  readonly #client: RawClient;
  #isStopping = false;
  readonly #done: Promise<void>;

  constructor(client: RawClient, key: string) {
    this.#client = client;
    this.key = key;
    this.#done = this.#run();
  }

  /** What is not acknowledged by then stays open; `settle` says whether it happened. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#done;
  }

  /** Repeats the last addition, which happens once whatever became of it. */
  async settle(client: RawClient): Promise<void> {
    for (;;) if (await this.#add(client)) return;
  }

  async #run(): Promise<void> {
    while (!this.#isStopping) await this.#add(this.#client);
  }

  async #add(client: RawClient): Promise<boolean> {
    const marker = `ann-${this.acknowledged}`;
    const send = { space: "conformance", key: this.key, message: "add", arg: { by: 1 }, marker };
    try {
      await client.call("message/send", send);
      this.acknowledged++;
      return true;
    } catch (error) {
      const refusal = error as { retryable?: boolean; retryAfterMs?: number };
      if (refusal.retryable !== true) throw error;
      await new Promise((resolve) => setTimeout(resolve, Math.min(refusal.retryAfterMs ?? 100, 500)));
      return false;
    }
  }
}

async function startAdders(system: System): Promise<Adder[]> {
  const client = await RawClient.as(system.socketUrl, "ann");
  return keys.map((key) => new Adder(client, key));
}

async function expectAll(system: System, adders: readonly Adder[]): Promise<void> {
  const client = await RawClient.as(system.socketUrl, "ann");
  await Promise.all(adders.map((adder) => adder.settle(client)));
  for (const { key, acknowledged } of adders) {
    const { view } = (await client.call("document/get", { space: "conformance", key })) as { view: ConformanceView };
    expect([key, view.value]).toEqual([key, acknowledged]);
  }
  await client.close();
}

const progressOf = (adders: readonly Adder[]): number => adders.reduce((sum, adder) => sum + adder.acknowledged, 0);

test(
  "with three shards of the log, one that is away takes only its own documents with it",
  async () => {
    const system = await System.start({ hosts: 2, args: ["--log-shards", "3"] });
    try {
      const adders = await startAdders(system);
      await until(() => adders.every((adder) => adder.acknowledged > 5), "play on every document");
      system.signal("log-storage-2", "SIGSTOP");
      const before = new Map(adders.map((adder) => [adder, adder.acknowledged]));
      const going = () => adders.filter((adder) => adder.acknowledged > before.get(adder)! + 20);
      await until(() => going().length > 0 && progressOf(going()) > 400, "play on the other shards");
      const standing = adders.filter((adder) => adder.acknowledged <= before.get(adder)! + 1);
      expect(standing.length).toBeGreaterThan(0);
      expect(going().length).toBeGreaterThan(0);
      system.signal("log-storage-2", "SIGCONT");
      await until(() => adders.every((adder) => adder.acknowledged > before.get(adder)! + 20), "play on all of them");
      await system.kill("log-storage-3");
      const atKill = new Map(adders.map((adder) => [adder, adder.acknowledged]));
      await until(() => adders.every((adder) => adder.acknowledged > atKill.get(adder)! + 5), "play after the kill");
      await Promise.all(adders.map((adder) => adder.stop()));
      await expectAll(system, adders);
      for (const shard of ["log", "log-1", "log-2"]) expect(existsSync(join(system.dataFolder, shard))).toBe(true);
    } finally {
      await system.stop();
    }
  },
  TIMEOUT_MS,
);

test(
  "a system that is played on moves its log to three shards, and loses nothing",
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "tidewire-moved-"));
    const targets: Target[] = [];
    const system = await System.start({ hosts: 2 });
    try {
      const adders = await startAdders(system);
      await until(() => progressOf(adders) > 200, "play before the move");
      for (const index of [0, 1, 2])
        targets.push(new Target(join(folder, index === 0 ? "log" : `log-${index}`), index));
      const to = (await Promise.all(targets.map((target) => target.address()))).join(",");
      const from = linkOf(readFileSync(join(system.dataFolder, "logs", "log-storage-1.log"), "utf8"))!;
      const migrated = await tidewire("log", "migrate", "--from", from, "--to", to, "--cut-over", "--json");
      expect(migrated).toMatchObject({ code: 0, stderr: "" });
      await Promise.all(adders.map((adder) => adder.stop()));
      await system.stop();
      await Promise.all(targets.map((target) => target.stop()));
      const moved = await System.start({ hosts: 2, dataFolder: folder, args: ["--log-shards", "3"] });
      try {
        await expectAll(moved, adders);
      } finally {
        await moved.stop();
      }
    } finally {
      await system.stop();
      await Promise.all(targets.map((target) => target.stop()));
      rmSync(folder, { recursive: true, force: true });
    }
  },
  TIMEOUT_MS,
);

/** A log storage of its own, beside the system. */
class Target {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  #output = "";

  constructor(directory: string, index: number) {
    const script = join(repositoryRoot, "apps", "log-storage", "dist", "main.js");
    const flags = ["--link.listen=127.0.0.1:0", `--storage.directory=${directory}`, `--node.id=target-${index}`];
    flags.push(`--storage.shard.index=${index}`, "--storage.shard.count=3");
    this.#child = spawn(process.execPath, [script, ...flags], { stdio: ["ignore", "pipe", "inherit"] });
    this.#child.stdout!.on("data", (chunk: Buffer) => {
      this.#output += chunk.toString();
    });
    this.#exited = new Promise((resolve) => this.#child.once("close", resolve));
  }

  async address(): Promise<string> {
    await until(() => linkOf(this.#output) !== undefined, "a target to serve");
    return linkOf(this.#output)!;
  }

  async stop(): Promise<void> {
    this.#child.kill("SIGTERM");
    await this.#exited;
  }
}

function linkOf(output: string): string | undefined {
  const line = output.split("\n").find((each) => each.includes("serving the log"));
  return line === undefined ? undefined : (JSON.parse(line) as { link: string }).link;
}

async function tidewire(...args: string[]): Promise<{ code: number | null; stderr: string }> {
  const child = spawn(process.execPath, [join(repositoryRoot, "apps", "cli", "dist", "main.js"), ...args]);
  let stderr = "";
  child.stdout.resume();
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { code, stderr };
}

async function until(isTrue: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (!isTrue()) {
    if (performance.now() > deadline) throw new Error(`waited 60 s for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
