import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { type ConformanceView, RawClient, System } from "@tidewire/harness";

let system: System;
const clients: RawClient[] = [];
let keys = 0;
const freshKey = (): string => `doc-${process.pid}-${++keys}`;

beforeAll(async () => {
  system = await System.start();
}, 90_000);
afterAll(() => system.stop(), 60_000);
afterEach(async () => {
  for (const client of clients.splice(0)) {
    expect(client.mismatches).toEqual([]);
    await client.close();
  }
});

async function as(agent: string): Promise<RawClient> {
  const client = await RawClient.as(system.socketUrl, agent);
  clients.push(client);
  return client;
}

async function viewer(agent: string, key: string) {
  const client = await as(agent);
  const id = await client.connect("conformance", key);
  const send = (message: string, arg: unknown = {}, more: object = {}) =>
    client.call("connection/send", { connection: id, message, arg, ...more }) as Promise<{
      seq: number;
      value?: unknown;
    }>;
  return { client, id, send, view: () => client.view<ConformanceView>(id) };
}

describe("the conformance document", () => {
  test("exists on first connect, with the view of the contract", async () => {
    const alice = await viewer("alice", freshKey());
    const { present, ...rest } = await alice.client.untilView<ConformanceView>(
      alice.id,
      (view) => view.present.length === 1,
    );
    expect(present).toEqual(["alice"]);
    expect(rest).toEqual({ value: 0, text: "", counts: {}, cards: [], hand: [], mine: 0, blob: {}, fired: [] });
  });

  test("add, set: value, counts, seq and the answer", async () => {
    const key = freshKey();
    const alice = await viewer("alice", key);
    const bob = await viewer("bob", key);
    const first = await alice.send("add", { by: 3 });
    expect(first.value).toEqual({ value: 3 });
    const second = await bob.send("add", { by: -1 });
    expect(second.value).toEqual({ value: 2 });
    expect(second.seq).toBeGreaterThan(first.seq);
    await alice.client.untilView<ConformanceView>(alice.id, (view) => view.value === 2 && view.counts["bob"] === -1);
    expect(alice.view().counts).toEqual({ alice: 3, bob: -1 });
    await alice.send("set", { text: "häßlich\u2028😀" });
    await bob.client.untilView<ConformanceView>(bob.id, (view) => view.text === "häßlich\u2028😀");
    const nothing = await alice.send("add", { by: 0 });
    expect(nothing.value).toEqual({ value: 2 });
    expect((await alice.send("add", { by: 0 })).seq).toBe(nothing.seq);
  });

  test("cards: faces for their holder alone, until revealed", async () => {
    const key = freshKey();
    const alice = await viewer("alice", key);
    const bob = await viewer("bob", key);
    const secret = "planted-secret-ace-of-spades";
    const dealt = await alice.send("deal", { holder: "alice", rank: 7, face: secret });
    expect(dealt.value).toEqual({ id: "1" });
    await bob.client.untilView<ConformanceView>(bob.id, (view) => view.cards.length === 1);
    expect(bob.view().cards).toEqual([{ id: "1", holder: "alice", rank: 7 }]);
    await alice.client.untilView<ConformanceView>(alice.id, (view) => view.mine === 1);
    expect(alice.view().hand).toEqual([{ id: "1", holder: "alice", rank: 7, face: secret }]);
    expect(bob.client.raw.join("")).not.toContain(secret);
    await alice.send("reveal", { id: "1" });
    await bob.client.untilView<ConformanceView>(bob.id, (view) => view.cards[0]?.face === secret);
    await alice.send("conceal", { id: "1" });
    await bob.client.untilView<ConformanceView>(bob.id, (view) => view.cards[0]?.face === undefined);
    await bob.send("take", { id: "1" });
    await bob.client.untilView<ConformanceView>(bob.id, (view) => view.hand[0]?.face === secret && view.mine === 1);
    await alice.client.untilView<ConformanceView>(
      alice.id,
      (view) => view.mine === 0 && view.cards[0]?.face === undefined,
    );
    await bob.send("drop", { id: "1" });
    await alice.client.untilView<ConformanceView>(alice.id, (view) => view.cards.length === 0);
  });

  test("secret cards do not exist for anyone but their holder", async () => {
    const key = freshKey();
    const alice = await viewer("alice", key);
    const bob = await viewer("bob", key);
    await alice.send("deal", { holder: "alice", rank: 1, face: "hidden-face", secret: true });
    await alice.send("deal", { holder: "bob", rank: 2, face: "bobs" });
    await bob.client.untilView<ConformanceView>(bob.id, (view) => view.cards.length === 1);
    expect(bob.view().cards.map((card) => card.id)).toEqual(["2"]);
    expect(alice.view().cards.map((card) => card.id)).toEqual(["1", "2"]);
    const refused = { code: "rejected", details: { code: "no_such_card" } };
    await expect(bob.send("take", { id: "1" })).rejects.toMatchObject(refused);
    await expect(bob.send("take", { id: "99" })).rejects.toMatchObject(refused);
    await alice.send("reveal", { id: "1" });
    await bob.client.untilView<ConformanceView>(bob.id, (view) => view.cards.length === 2);
    await alice.send("conceal", { id: "1" });
    await bob.client.untilView<ConformanceView>(bob.id, (view) => view.cards.length === 1);
    expect(bob.view().cards.map((card) => card.id)).toEqual(["2"]);
  });

  test("move and redeal: order, and no old field survives a re-created card", async () => {
    const key = freshKey();
    const alice = await viewer("alice", key);
    const bob = await viewer("bob", key);
    for (const rank of [3, 1, 2]) await alice.send("deal", { holder: "bob", rank, face: `face-${rank}` });
    await alice.send("move", { id: "3", before: "1" });
    await bob.client.untilView<ConformanceView>(bob.id, (view) => view.cards[0]?.id === "3");
    expect(bob.view().cards.map((card) => card.id)).toEqual(["3", "1", "2"]);
    await alice.send("move", { id: "3" });
    await bob.client.untilView<ConformanceView>(bob.id, (view) => view.cards.at(-1)?.id === "3");
    expect(bob.view().hand.map((card) => card.rank)).toEqual([1, 2, 3]);
    await alice.send("redeal", { id: "1", holder: "bob", rank: 9 });
    await bob.client.untilView<ConformanceView>(bob.id, (view) => view.cards.at(-1)?.id === "1");
    expect(bob.view().cards.at(-1)).toEqual({ id: "1", holder: "bob", rank: 9 });
  });

  test("put, remove and bulk, with keys that are names of Object.prototype", async () => {
    const alice = await viewer("alice", freshKey());
    await alice.send("put", { k: "__proto__", v: "data" });
    await alice.send("put", { k: "constructor", v: "data" });
    await alice.send("put", { k: "12", v: "numeric" });
    await alice.client.untilView<ConformanceView>(alice.id, (view) => Object.keys(view.blob).length === 3);
    expect(Object.keys(alice.view().blob).sort()).toEqual(["12", "__proto__", "constructor"]);
    const removed = await alice.send("remove", { k: "__proto__" });
    await alice.client.untilView<ConformanceView>(alice.id, (view) => Object.keys(view.blob).length === 2);
    expect((await alice.send("remove", { k: "nothing" })).seq).toBe(removed.seq);
    await expect(alice.send("put", { k: "@s", v: "x" })).rejects.toMatchObject({ code: "invalid_argument" });
    await alice.send("bulk", { n: 50, bytes: 100 });
    await alice.client.untilView<ConformanceView>(alice.id, (view) => view.blob["k49"]?.length === 100);
    await expect(alice.send("bulk", { n: 2001, bytes: 1 })).rejects.toMatchObject({ code: "invalid_argument" });
  });

  test("fail and throw leave nothing behind", async () => {
    const alice = await viewer("alice", freshKey());
    const before = await alice.send("add", { by: 5 });
    await expect(alice.send("fail", { code: "my_code" })).rejects.toMatchObject({
      code: "rejected",
      number: 2003,
      details: { code: "my_code" },
    });
    await expect(alice.send("throw")).rejects.toMatchObject({ code: "handler_failed" });
    expect(await alice.send("add", { by: 0 })).toEqual({ seq: before.seq, value: { value: 5 } });
  });

  test("spin is stopped, and document and host live on", async () => {
    const key = freshKey();
    const alice = await viewer("alice", key);
    await alice.send("add", { by: 4 });
    await expect(alice.send("spin")).rejects.toMatchObject({ code: "handler_failed" });
    expect((await alice.send("add", { by: 1 })).value).toEqual({ value: 5 });
    await alice.client.untilView<ConformanceView>(alice.id, (view) => view.value === 5);
  });

  test("after: a timer appends its label", async () => {
    const alice = await viewer("alice", freshKey());
    await alice.send("after", { ms: 50, label: "one" });
    await alice.send("after", { ms: 0, label: "zero" });
    await alice.client.untilView<ConformanceView>(alice.id, (view) => view.fired.length === 2);
    expect(alice.view().fired).toEqual(["zero", "one"]);
  });

  test("whoami, and the blocked agent", async () => {
    const key = freshKey();
    const alice = await viewer("alice", key);
    expect((await alice.send("whoami")).value).toEqual({ agent: "alice", authority: "dev" });
    const blocked = await as("blocked");
    const forbidden = { code: "forbidden", number: 1004 };
    await expect(blocked.connect("conformance", key)).rejects.toMatchObject(forbidden);
    await expect(
      blocked.call("message/send", { space: "conformance", key, message: "add", arg: { by: 1 } }),
    ).rejects.toMatchObject(forbidden);
    await expect(blocked.call("document/get", { space: "conformance", key })).rejects.toMatchObject(forbidden);
  });

  test("presence: who is connected now, sorted, once each", async () => {
    const key = freshKey();
    const alice = await viewer("alice", key);
    const bob = await viewer("bob", key);
    const again = await viewer("bob", key);
    await alice.client.untilView<ConformanceView>(alice.id, (view) => view.present.join() === "alice,bob");
    await bob.client.call("connection/end", { connection: bob.id });
    await again.client.untilView<ConformanceView>(again.id, (view) => view.present.join() === "alice,bob");
    await again.client.call("connection/end", { connection: again.id });
    await alice.client.untilView<ConformanceView>(alice.id, (view) => view.present.join() === "alice");
  });

  test("markers: the first outcome again, also for another client of the same principal", async () => {
    const key = freshKey();
    const alice = await viewer("alice", key);
    const first = await alice.send("add", { by: 2 }, { marker: "m-1" });
    await alice.send("add", { by: 10 });
    expect(await alice.send("add", { by: 2 }, { marker: "m-1" })).toEqual(first);
    const other = await viewer("alice", key);
    expect(await other.send("add", { by: 2 }, { marker: "m-1" })).toEqual(first);
    await expect(alice.send("add", { by: 3 }, { marker: "m-1" })).rejects.toMatchObject({ code: "invalid_argument" });
    await expect(alice.send("fail", { code: "x" }, { marker: "m-2" })).rejects.toMatchObject({ code: "rejected" });
    expect((await alice.send("add", { by: 1 }, { marker: "m-2" })).value).toEqual({ value: 13 });
    const bob = await viewer("bob", key);
    expect((await bob.send("add", { by: 1 }, { marker: "m-1" })).value).toEqual({ value: 14 });
  });

  test("wrong arguments are the caller's fault, one by one", async () => {
    const alice = await viewer("alice", freshKey());
    for (const [message, arg] of [
      ["add", { by: "3" }],
      ["add", { by: 1.5 }],
      ["add", {}],
      ["set", { text: 5 }],
      ["set", { text: "x".repeat(64 * 1024 + 1) }],
      ["deal", { rank: 1 }],
      ["take", { id: 1 }],
      ["after", { ms: -1, label: "x" }],
      ["put", { k: "a" }],
    ] as const) {
      await expect(alice.send(message, arg)).rejects.toMatchObject({ code: "invalid_argument" });
    }
    await expect(alice.send("no-such-message")).rejects.toMatchObject({ code: "not_found" });
    expect((await alice.send("add", { by: 1 })).value).toEqual({ value: 1 });
  });
});
