import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type ConformanceView, RawClient, System } from "@tidewire/harness";

let system: System;

beforeAll(async () => {
  system = await System.start({ hosts: 2 });
}, 90_000);
afterAll(async () => {
  await system.stop();
}, 60_000);

const space = "conformance";

/** Sends until it is answered with something other than "try again". */
async function settled(client: RawClient, method: string, parameters: object): Promise<Record<string, unknown>> {
  for (;;) {
    try {
      return await client.call(method, { space, ...parameters });
    } catch (error) {
      if ((error as { retryable?: boolean }).retryable !== true) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

async function crashAllHosts(): Promise<void> {
  for (const name of system.hostNames) await system.kill(name);
}

describe("what a crash of every host must not change", () => {
  test("outcomes of markers, of creates and of sends; timers; and what a seq tells", async () => {
    const alice = await RawClient.as(system.socketUrl, "alice");
    const key = "survivor";
    const marked: [string, object][] = [
      ["document/create", { key, arg: { value: 5 }, marker: "born" }],
      ["message/send", { key, message: "add", arg: { by: 2 }, marker: "added" }],
      ["message/send", { key, message: "deal", arg: { holder: "bob", rank: 1 }, marker: "dealt" }],
      ["message/send", { key, message: "add", arg: { by: 0 }, marker: "nothing" }],
      ["message/send", { key, message: "after", arg: { ms: 60_000, label: "never" }, marker: "later" }],
      ["message/send", { key: "sleeper", message: "after", arg: { ms: 3_000, label: "rang" }, marker: "alarm" }],
    ];
    const outcomes: unknown[] = [];
    for (const [method, parameters] of marked) outcomes.push(await settled(alice, method, parameters));
    const bob = await RawClient.as(system.socketUrl, "bob");
    const seen = await bob.call("document/get", { space, key });
    for (let rank = 0; rank < 4; rank++) {
      await settled(alice, "message/send", { key, message: "deal", arg: { holder: "alice", rank, secret: true } });
    }

    await crashAllHosts();

    const repeated: unknown[] = [];
    for (const [method, parameters] of marked) repeated.push(await settled(alice, method, parameters));
    expect(repeated).toEqual(outcomes);
    await expect(
      settled(alice, "message/send", { key, message: "add", arg: { by: 3 }, marker: "added" }),
    ).rejects.toMatchObject({ code: "invalid_argument" });
    // The log knows of four more commits; bob must not, by no way of asking.
    expect(await settled(bob, "document/get", { key })).toEqual(seen);
    const stream = await bob.connect(space, key);
    expect(bob.streamFrames(stream)[0]?.snapshot?.["@s"]).toBe(seen["seq"]);
    const sleeper = await bob.connect(space, "sleeper");
    await bob.untilView<ConformanceView>(sleeper, ({ fired }) => fired.length > 0);
    await crashAllHosts();
    await bob.untilView<ConformanceView>(sleeper, ({ present }) => present.length > 0);
    expect(bob.view<ConformanceView>(sleeper).fired).toEqual(["rang"]);
    expect(bob.mismatches).toEqual([]);
    await Promise.all([alice.close(), bob.close()]);
  }, 90_000);
});

describe("create, delete and send from several clients at once", () => {
  test("each is answered once, by what the others left; the seq goes on", async () => {
    const clients = await Promise.all(["ann", "ben"].map((agent) => RawClient.as(system.socketUrl, agent)));
    let newest = 0;
    for (let round = 0; round < 15; round++) {
      const key = "contested";
      const answers = await Promise.all(
        clients.flatMap((client) =>
          [
            ["document/create", {}],
            ["message/send", { message: "add", arg: { by: 1 } }],
            ["document/delete", {}],
            ["document/create", { arg: { value: 1 } }],
          ].map(([method, more]) =>
            client.call(method as string, { space, key, ...(more as object) }).catch((error: unknown) => error),
          ),
        ),
      );
      for (const answer of answers) {
        if (answer instanceof Error) {
          expect(answer).toMatchObject({
            code: expect.stringMatching(/^(already_exists|not_found)$/),
            retryable: false,
          });
        }
      }
      const seqs = (answers as { seq?: number }[]).flatMap(({ seq }) => (seq === undefined ? [] : [seq]));
      expect(Math.min(...seqs)).toBeGreaterThan(newest);
      newest = Math.max(...seqs);
    }
    await Promise.all(clients.map((client) => client.close()));
  }, 60_000);
});

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe("a client that holds something wrong", () => {
  test("gets a snapshot for its heartbeat, also after presence moved without a seq, and the second time too", async () => {
    const alice = await RawClient.as(system.socketUrl, "alice");
    const bob = await RawClient.as(system.socketUrl, "bob");
    const stream = await alice.connect(space, "watched");
    await bob.connect(space, "watched");
    await alice.untilView<ConformanceView>(stream, ({ present }) => present.length === 2);
    for (const wrong of ["0123456789abcdef", "fedcba9876543210", "no hash at all"]) {
      const seen = alice.frames.length;
      const repaired = () =>
        alice.frames.slice(seen).find(({ id, snapshot }) => id === stream && snapshot !== undefined);
      // A report that may have crossed a frame, such as the hash a silent stream is owed, is forgiven: the next one is not.
      for (let reports = 0; reports < 3 && repaired() === undefined; reports++) {
        await pause(1_100);
        await alice.heartbeat([[stream, alice.replica(stream).seq, wrong]]);
        for (let looks = 0; looks < 40 && repaired() === undefined; looks++) await pause(50);
      }
      expect(repaired()).toBeDefined();
    }
    const seen = alice.frames.length;
    await alice.heartbeat([[stream, alice.replica(stream).seq, alice.replica(stream).hash()]]);
    await settled(alice, "message/send", { key: "watched", message: "add", arg: { by: 1 } });
    const next = await alice.until(() =>
      alice.frames.slice(seen).find(({ id, delta }) => id === stream && delta?.["value"] !== undefined),
    );
    expect(next.delta?.["value"]).toBe(1);
    await Promise.all([alice.close(), bob.close()]);
  }, 60_000);
});
