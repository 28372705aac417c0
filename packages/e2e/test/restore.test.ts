import { execFile, spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { doubleCredentials, S3Double } from "@tidewire/backup-s3/testing";
import { type ConformanceView, RawClient, repositoryRoot, System } from "@tidewire/harness";
import { LinkServiceTable, PeerLink } from "@tidewire/link";
import { RemoteLogEngine, serveLogEngine } from "@tidewire/log-engine";
import { linkMember } from "../src/link-member.ts";

let double: S3Double;
let system: System;
let folder: string;
let config: string;

beforeAll(async () => {
  double = await new S3Double().start();
  folder = await mkdtemp(join(tmpdir(), "tidewire-restore-"));
  config = join(folder, "log-storage.json");
  const s3 = { endpoint: double.endpoint, bucket: "tidewire-test", every: "200ms", ...doubleCredentials };
  await writeFile(config, JSON.stringify({ s3 }));
  system = await System.start({ hosts: 2, args: ["--log-config", config] });
}, 90_000);
afterAll(async () => {
  await system.stop();
  await double.stop();
  await rm(folder, { recursive: true, force: true });
}, 60_000);

interface RestoreEvent {
  readonly event: string;
  readonly seq?: number;
  readonly message?: string;
  readonly exists?: boolean;
}

interface Restored {
  readonly code: number;
  readonly events: readonly RestoreEvent[];
  /** Of the last event. */
  readonly last: RestoreEvent;
}

/** Runs `tidewire restore ... --json`. */
function restore(...args: readonly string[]): Promise<Restored> {
  const cli = join(repositoryRoot, "apps", "cli", "dist", "main.js");
  return new Promise((resolve) => {
    execFile(process.execPath, [cli, "restore", ...args, "--config", config, "--json"], (error, stdout) => {
      const events = stdout
        .trim()
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line) as RestoreEvent);
      resolve({ code: Number(error?.code ?? 0), events, last: events.at(-1) ?? { event: "nothing" } });
    });
  });
}

/** Starts `tidewire restore ...` and kills it when S3 gets its `count`-th request; resolves when it is gone. */
async function restoreKilledAt(count: number, args: readonly string[]): Promise<void> {
  const cli = join(repositoryRoot, "apps", "cli", "dist", "main.js");
  const child = spawn(process.execPath, [cli, "restore", ...args, "--config", config], { stdio: "ignore" });
  const gone = new Promise((resolve) => child.once("close", resolve));
  let requests = 0;
  double.fault = ({ method }) => {
    if (method === "GET" && ++requests === count) child.kill("SIGKILL");
    return undefined;
  };
  await gone;
  double.fault = () => undefined;
}

/** Path and content of every file of a log. */
async function filesIn(directory: string): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    files.set(path.slice(directory.length), (await readFile(path)).toString("base64"));
  }
  return files;
}

function logAddress(): string {
  const served = system
    .logs()
    .split("\n")
    .filter((line) => line.includes("serving the log"))
    .at(-1)!;
  return (JSON.parse(served) as { readonly link: string }).link;
}

/** Resolves when a manifest is written whose moment is after the call. */
async function backedUp(): Promise<void> {
  const since = Date.now();
  for (;;) {
    const times = [...double.objects.keys()].map((key) => Number(/\/manifests\/\d+-(\d+)-/.exec(key)?.[1] ?? 0));
    if (Math.max(0, ...times) > since) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function add(client: RawClient, key: string, times: number): Promise<void> {
  for (let count = 0; count < times; count++) {
    await client.call("message/send", { space: "conformance", key, message: "add", arg: { by: 1 } });
  }
}

describe("one document of a running system", () => {
  test("at a seq: a live viewer gets the restored state, and the document goes on", async () => {
    const client = await RawClient.as(system.socketUrl, "ann");
    const id = await client.connect("conformance", "seq-1");
    await add(client, "seq-1", 10);
    await client.untilView<ConformanceView>(id, (view) => view.value === 10);
    const { seq } = client.replica(id);
    await add(client, "seq-1", 15);
    await client.untilView<ConformanceView>(id, (view) => view.value === 25);
    await backedUp();

    const name = "conformance/seq-1";
    const log = ["--log", logAddress()];
    const careless = await restore("document", name, "--seq", String(seq), ...log);
    expect(careless.code).toBe(1);
    expect(careless.last.message).toContain("replace it with --yes");
    const dry = await restore("document", name, "--seq", String(seq), ...log, "--dry-run");
    expect(dry.last).toMatchObject({ event: "target", exists: true });

    const done = await restore("document", name, "--seq", String(seq), ...log, "--yes");
    expect(done.last).toMatchObject({ event: "restored" });
    await client.untilView<ConformanceView>(id, (view) => view.value === 10);
    expect(client.replica(id).seq).toBeGreaterThanOrEqual(done.last.seq!);
    await add(client, "seq-1", 3);
    await client.untilView<ConformanceView>(id, (view) => view.value === 13);
    const fresh = await RawClient.as(system.socketUrl, "ben");
    const other = await fresh.connect("conformance", "seq-1");
    await fresh.untilView<ConformanceView>(other, (view) => view.value === 13);
    await fresh.close();
    await client.close();
  }, 120_000);

  test("at a time, under traffic, also under another name", async () => {
    const client = await RawClient.as(system.socketUrl, "ann");
    const id = await client.connect("conformance", "time-1");
    await add(client, "time-1", 7);
    // Times in the log are about a second apart.
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    const time = new Date().toISOString();
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    await add(client, "time-1", 20);
    await backedUp();
    const log = ["--log", logAddress()];
    const copied = await restore(
      "document",
      "conformance/time-1",
      "--time",
      time,
      ...log,
      "--as",
      "conformance/time-2",
    );
    expect(copied.last).toMatchObject({ event: "restored" });
    const copy = await client.connect("conformance", "time-2");
    await client.untilView<ConformanceView>(copy, (view) => view.value === 7);

    let isStopping = false;
    const traffic = (async () => {
      while (!isStopping) await add(client, "time-1", 1);
    })();
    const replaced = await restore("document", "conformance/time-1", "--time", time, ...log, "--yes");
    isStopping = true;
    await traffic;
    expect(replaced.last).toMatchObject({ event: "restored" });
    const sum = client.view<ConformanceView>(id).value;
    await client.untilView<ConformanceView>(id, (view) => view.value >= 7);
    expect(sum).toBeGreaterThanOrEqual(7);
    await client.close();
  }, 120_000);

  test("what cannot be done is one line with an exit code", async () => {
    const log = ["--log", logAddress()];
    const cases: [readonly string[], number, string][] = [
      [["document", "conformance/nobody", "--seq", "1", ...log], 1, "is not in the backup"],
      [["document", "conformance/seq-1", "--seq", "999999", ...log], 1, "no record of the document ends at seq 999999"],
      [["document", "conformance/seq-1", "--time", "2001-01-01T00:00:00Z", ...log], 1, "did not exist at that time"],
      [["document", "conformance/seq-1", "--time", "2999-01-01T00:00:00Z", ...log], 1, "the backup reaches until"],
      [["document", "conformance/seq-1"], 2, "either --seq or --time"],
      [["document", "no name", "--seq", "1"], 2, "no name"],
      [["document", "conformance/seq-1", "--seq", "1", "--s3.secretAccessKey", "wrong"], 1, "SignatureDoesNotMatch"],
      [["directory", system.dataFolder], 1, "is not empty"],
    ];
    for (const [args, code, text] of cases) {
      const refused = await restore(...args);
      expect([args, refused.last.message, refused.code]).toEqual([args, expect.stringContaining(text), code]);
    }
  }, 120_000);
});

describe("kill -9 of a restore", () => {
  test("of a directory, at any point: never served half, and the next one gives the same bytes", async () => {
    const manifests = (await restore("list")).events as readonly { readonly time?: string }[];
    const at = ["--at", manifests[0]!.time!];
    const whole = await mkdtemp(join(tmpdir(), "tidewire-restored-"));
    const interrupted = await mkdtemp(join(tmpdir(), "tidewire-restored-"));
    double.requests.length = 0;
    expect((await restore("directory", whole, ...at)).last).toMatchObject({ event: "restored" });
    const requests = double.requests.filter(({ method }) => method === "GET").length;
    const points = new Set([0.2, 0.5, 0.8, 1].map((share) => Math.ceil(requests * share)));
    for (const count of points) {
      await restoreKilledAt(count, ["directory", interrupted, ...at]);
      expect(await readdir(interrupted)).not.toContain("STORE");
    }
    expect((await restore("directory", interrupted, ...at)).last).toMatchObject({ event: "restored" });
    expect(await filesIn(interrupted)).toEqual(await filesIn(whole));
    for (const folder of [whole, interrupted]) await rm(folder, { recursive: true });
  }, 120_000);

  test("of a document, at any point: it is what it was or what it is to be, and goes on", async () => {
    const client = await RawClient.as(system.socketUrl, "ann");
    const id = await client.connect("conformance", "killed-1");
    await add(client, "killed-1", 4);
    await client.untilView<ConformanceView>(id, (view) => view.value === 4);
    const { seq } = client.replica(id);
    await add(client, "killed-1", 6);
    await backedUp();
    const args = ["document", "conformance/killed-1", "--seq", String(seq), "--log", logAddress(), "--yes"];
    for (const count of [1, 4, 7]) {
      await restoreKilledAt(count, args);
      await add(client, "killed-1", 1);
    }
    await client.untilView<ConformanceView>(id, (view) => view.value === 13);
    expect((await restore(...args)).last).toMatchObject({ event: "restored" });
    await client.untilView<ConformanceView>(id, (view) => view.value === 4);
    await client.close();
  }, 120_000);
});

/** A log that hands everything on but appends: what sends one is told about, and gets no answer. */
class StopsAtAppend extends RemoteLogEngine {
  readonly reached: Promise<void>;
  #reach = (): void => {};

  constructor(...args: ConstructorParameters<typeof RemoteLogEngine>) {
    super(...args);
    this.reached = new Promise((resolve) => {
      this.#reach = resolve;
    });
  }

  override append(): Promise<void> {
    this.#reach();
    return new Promise(() => {});
  }
}

/** Stands before the log of the system, on the same kind of link. */
async function logThatStopsAtAppend() {
  const modules = linkMember("between", "tool");
  const { transport } = modules;
  const link = new PeerLink(logAddress(), modules);
  const engine = new StopsAtAppend({ ...modules, link });
  const services = new LinkServiceTable();
  serveLogEngine(engine, services);
  const listener = await transport.listen("127.0.0.1:0", services);
  const close = async (): Promise<void> => {
    await listener.close(0);
    await engine.close();
    await link.close();
  };
  return { address: listener.address, reached: engine.reached, heads: engine.heads.bind(engine), close };
}

describe("kill -9 of a restore of a document between its epoch and its record", () => {
  test("costs its owner a reopening: the document is as it was and goes on, and the next restore does it", async () => {
    const client = await RawClient.as(system.socketUrl, "ann");
    const document = { space: "conformance", key: "killed-2" };
    const id = await client.connect(document.space, document.key);
    await add(client, document.key, 4);
    await client.untilView<ConformanceView>(id, (view) => view.value === 4);
    const { seq } = client.replica(id);
    await add(client, document.key, 6);
    await backedUp();
    const between = await logThatStopsAtAppend();
    try {
      const [before] = await between.heads([document]);
      const args = ["document", "conformance/killed-2", "--seq", String(seq), "--yes", "--log"];
      const cli = join(repositoryRoot, "apps", "cli", "dist", "main.js");
      const command = [cli, "restore", ...args, between.address, "--config", config];
      const child = spawn(process.execPath, command, { stdio: "ignore" });
      const gone = new Promise<[number | null, string | null]>((resolve) => {
        child.once("close", (code, signal) => resolve([code, signal]));
      });
      await between.reached;
      child.kill("SIGKILL");
      expect(await gone).toEqual([null, "SIGKILL"]);
      // It has the epoch, and has written nothing. (The owner may have taken the document back already.)
      const [after] = await between.heads([document]);
      expect([after!.epoch > before!.epoch, after!.seq]).toEqual([true, before!.seq]);

      await add(client, document.key, 1);
      await client.untilView<ConformanceView>(id, (view) => view.value === 11);
      expect((await restore(...args, logAddress())).last).toMatchObject({ event: "restored" });
      await client.untilView<ConformanceView>(id, (view) => view.value === 4);
      await add(client, document.key, 1);
      await client.untilView<ConformanceView>(id, (view) => view.value === 5);
    } finally {
      await between.close();
      await client.close();
    }
  }, 120_000);
});

describe("a whole system", () => {
  test("is restored from the backup alone and has everything that was acknowledged before it", async () => {
    const client = await RawClient.as(system.socketUrl, "ann");
    for (let n = 0; n < 5; n++) {
      await client.connect("conformance", `whole-${n}`);
      await add(client, `whole-${n}`, 4 + n);
    }
    await backedUp();
    await client.close();
    const data = await mkdtemp(join(tmpdir(), "tidewire-restored-"));
    const listed = await restore("list");
    expect(listed.events.length).toBeGreaterThan(1);

    const done = await restore("directory", join(data, "log"));
    expect(done.last).toMatchObject({ event: "restored" });
    const second = await System.start({ hosts: 1, dataFolder: data });

    try {
      const reader = await RawClient.as(second.socketUrl, "ann");
      for (let n = 0; n < 5; n++) {
        const id = await reader.connect("conformance", `whole-${n}`);
        await reader.untilView<ConformanceView>(id, (view) => view.value === 4 + n);
      }
      await reader.close();
    } finally {
      await second.stop();
      await rm(data, { recursive: true, force: true });
    }
  }, 120_000);
});
