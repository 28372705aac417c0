import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import type { ServiceError } from "@tidewire/foundation";
import { HostService } from "@tidewire/protocol-host";
import { Cluster, freeAddress, type HostProcess, type StartedProcess, startApp, until } from "./cluster.ts";

jest.setTimeout(60_000);

const { methods } = HostService;
const principal = { agent: "alice", authority: "dev" };

let cluster: Cluster;
let logAddress: string;
let log: StartedProcess;
let hosts: HostProcess[];

beforeAll(async () => {
  cluster = new Cluster();
  logAddress = await freeAddress();
  log = await cluster.startLog(logAddress);
  hosts = [await cluster.startHost("host-1", logAddress), await cluster.startHost("host-2", logAddress)];
});

afterAll(() => cluster.stop());

/** Asks every living host until the owner answers, as an edge without a table would. */
async function anywhere<Result>(what: string, ask: (host: HostProcess) => Promise<Result>): Promise<Result> {
  return until(what, async () => {
    let last: unknown;
    for (const host of hosts) {
      if (host.child.exitCode !== null || host.child.signalCode !== null) continue;
      try {
        return await ask(host);
      } catch (error) {
        if (!(error as ServiceError).retryable) throw error;
        last = error;
      }
    }
    throw last;
  });
}

const send = (key: string, message: string, arg: object, marker?: string) =>
  anywhere(`${message} to ${key}`, (host) =>
    host.peer.call(
      methods.send,
      { space: "conformance", key, principal, message, arg: JSON.stringify(arg), marker, tableVersion: 0 },
      { deadlineMs: 3_000 },
    ),
  );

const valueOf = async (key: string): Promise<Record<string, unknown>> => {
  const { view } = await anywhere(`get ${key}`, (host) =>
    host.peer.call(methods.get, { space: "conformance", key, principal, tableVersion: 0 }, { deadlineMs: 3_000 }),
  );
  return JSON.parse(new TextDecoder().decode(view)) as Record<string, unknown>;
};

test("two hosts share the documents, and each refuses those of the other", async () => {
  const keys = Array.from({ length: 20 }, (_, index) => `share-${index}`);
  const owners = await Promise.all(
    keys.map((key) =>
      anywhere(key, async (host) => {
        const arg = JSON.stringify({ by: 1 });
        await host.peer.call(methods.send, {
          space: "conformance",
          key,
          principal,
          message: "add",
          arg,
          tableVersion: 0,
        });
        return host.link;
      }),
    ),
  );
  expect(new Set(owners).size).toBe(2);
});

test("code that never returns is cut off, answered, and leaves the document usable", async () => {
  await send("spin", "add", { by: 1 });
  await expect(send("spin", "spin", {})).rejects.toMatchObject({ code: "handler_failed" });
  expect((await send("spin", "add", { by: 1 })).value).toBe('{"value":2}');
});

test("kill -9 of the owner: no acknowledged write is lost, and markers make each happen once", async () => {
  const victim = await anywhere("owner", async (host) => {
    await host.peer.call(methods.send, {
      space: "conformance",
      key: "crash",
      principal,
      message: "add",
      arg: '{"by":1}',
      marker: "first",
      tableVersion: 0,
    });
    return host;
  });
  let acknowledged = 1;
  const writes = Array.from({ length: 40 }, async (_, index) => {
    await new Promise((resolve) => setTimeout(resolve, index * 5));
    await send("crash", "add", { by: 1 }, `marker-${index}`);
    acknowledged++;
  });
  setTimeout(() => victim.child.kill("SIGKILL"), 60);
  await Promise.all(writes);
  await victim.exited;
  expect(acknowledged).toBe(41);
  expect(await valueOf("crash")).toMatchObject({ value: 41, counts: { alice: 41 } });
  hosts = [
    ...hosts.filter((host) => host !== victim),
    await cluster.startHost(victim === hosts[0] ? "host-1" : "host-2", logAddress),
  ];
});

test("kill -9 of the log in the middle of writing: they go on by themselves, each once", async () => {
  const writes = Array.from({ length: 40 }, async (_, index) => {
    await new Promise((resolve) => setTimeout(resolve, index * 5));
    await send("log-crash", "add", { by: 1 }, `marker-${index}`);
  });
  await new Promise((resolve) => setTimeout(resolve, 60));
  log.child.kill("SIGKILL");
  await log.exited;
  // A document whose memory equals the log is read without it.
  expect(await valueOf("share-0")).toMatchObject({ value: 1 });
  log = await cluster.startLog(logAddress);
  await Promise.all(writes);
  expect(await valueOf("log-crash")).toMatchObject({ value: 40 });
});

test("SIGTERM hands documents over: the stream moves, a write is answered, the process ends in order", async () => {
  await send("drain", "add", { by: 1 });
  const owner = await anywhere("owner of drain", async (host) => {
    await host.peer.call(methods.get, { space: "conformance", key: "drain", principal, tableVersion: 0 });
    return host;
  });
  const ended = new Promise<ServiceError | undefined>((resolve) => {
    owner.peer.open(
      methods.connect,
      { space: "conformance", key: "drain", principal, viewer: "v1", hashEvery: false, tableVersion: 0 },
      { message: () => {}, end: resolve },
    );
  });
  owner.child.kill("SIGTERM");
  expect((await ended)?.code).toBe("moving");
  hosts = hosts.filter((host) => host !== owner);
  expect((await send("drain", "add", { by: 1 })).value).toBe('{"value":2}');
  expect(await owner.exited).toBe(0);
});

test("what cannot work is said in one line", async () => {
  const bad = join(cluster.folder, "bad.mjs");
  writeFileSync(bad, "export const answer = 42;\n");
  const broken = join(cluster.folder, "broken.mjs");
  writeFileSync(broken, "export default {[Symbol.for('tidewire.document')]: 1, space: 'Not A Space'};\n");
  const unwell = join(cluster.folder, "unwell.mjs");
  writeFileSync(unwell, "export const fine = 1;\nexport const = 2;\n");
  const throwing = join(cluster.folder, "throwing.mjs");
  writeFileSync(throwing, "export const fine = 1;\nthrow new Error('not here');\n");
  const common = { "log.addresses": logAddress, "link.listen": "127.0.0.1:0", "node.id": "host-x" };
  const attempts: [Record<string, string>, string][] = [
    [{}, "nothing to serve"],
    [{ documents: bad }, "exports no document"],
    [{ documents: join(cluster.folder, "missing.mjs") }, "missing.mjs: ENOENT"],
    [{ documents: unwell }, `Unexpected token '=' at ${unwell}:2`],
    [{ documents: throwing }, `not here at ${throwing}:2`],
    [{ documents: broken }, "cannot be used"],
  ];
  for (const [settings, sentence] of attempts) {
    const started = startApp("document-host", { ...common, ...settings });
    expect(await started.exited).toBe(2);
    expect(started.output()).toContain(sentence);
    expect(started.output().trim().split("\n").length).toBe(1);
  }
});
