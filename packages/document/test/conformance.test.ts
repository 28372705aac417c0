import { describe, expect, test } from "@jest/globals";
import type { ServiceError } from "@tidewire/foundation";
import { type CommandOutcome, conformanceDocument } from "../src/index.ts";
import { Bench, principalOf } from "./bench.ts";

function begin(): Bench {
  return new Bench(conformanceDocument);
}

function value(outcome: CommandOutcome): unknown {
  if (outcome.status === "refused") throw outcome.error;
  return outcome.value === undefined ? undefined : JSON.parse(outcome.value);
}

function seqOf(outcome: CommandOutcome): number {
  if (outcome.status === "refused") throw outcome.error;
  return outcome.seq;
}

function refusal(outcome: CommandOutcome): ServiceError {
  if (outcome.status === "done") throw new Error(`expected a refusal, got seq ${outcome.seq}`);
  return outcome.error;
}

describe("the conformance document", () => {
  test("begins empty, on demand", () => {
    const alice = begin().connect("alice");
    expect(alice.view).toEqual({
      value: 0,
      text: "",
      counts: {},
      cards: [],
      hand: [],
      mine: 0,
      blob: {},
      fired: [],
      present: ["alice"],
    });
  });

  test("is created with a value, once", () => {
    const bench = begin();
    const created = bench.execute({ kind: "create", principal: principalOf("alice"), arg: '{"value":7}', marker: "m" });
    expect(created).toMatchObject({ status: "done", seq: 1 });
    expect(bench.get("alice").view["value"]).toBe(7);
    const again = bench.execute({ kind: "create", principal: principalOf("alice"), arg: '{"value":7}' });
    expect(refusal(again).code).toBe("already_exists");
    const replay = bench.execute({
      kind: "create",
      principal: principalOf("alice"),
      arg: '{ "value": 7 }',
      marker: "m",
    });
    expect(replay).toEqual({ status: "done", seq: 1, isReplay: true });
    const other = bench.execute({ kind: "create", principal: principalOf("alice"), arg: '{"value":8}', marker: "m" });
    expect(refusal(other).code).toBe("invalid_argument");
    const asMessage = bench.send("alice", "add", { by: 1 }, "m");
    expect(refusal(asMessage).code).toBe("invalid_argument");
  });

  test.each([["{"], ['{"value":"x"}'], ['{"value":1.5}'], ['{"other":1}'], ["[]"]])("is not created with %s", (arg) => {
    const bench = begin();
    expect(refusal(bench.execute({ kind: "create", principal: principalOf("alice"), arg })).code).toBe(
      "invalid_argument",
    );
    expect(bench.instance.exists).toBe(false);
    expect(bench.instance.seq).toBe(0);
  });

  test("add changes the value and the sender's count", () => {
    const bench = begin();
    const alice = bench.connect("alice");
    expect(value(bench.send("alice", "add", { by: 3 }))).toEqual({ value: 3 });
    expect(value(bench.send("bob", "add", { by: -1 }))).toEqual({ value: 2 });
    expect(alice.view).toMatchObject({ value: 2, counts: { alice: 3, bob: -1 } });
  });

  test("add beyond what an integer can be is refused, not failed", () => {
    const bench = begin();
    bench.send("alice", "add", { by: Number.MAX_SAFE_INTEGER });
    expect(refusal(bench.send("bob", "add", { by: 1 }))).toMatchObject({
      code: "rejected",
      details: { code: "out_of_range" },
    });
    bench.send("bob", "add", { by: -5 });
    expect(refusal(bench.send("alice", "add", { by: 5 })).code).toBe("rejected");
    expect(value(bench.send("bob", "add", { by: 5 }))).toEqual({ value: Number.MAX_SAFE_INTEGER });
  });

  test("add of 0 and remove of a missing key commit nothing and succeed with the current seq", () => {
    const bench = begin();
    const alice = bench.connect("alice");
    const seq = seqOf(bench.send("alice", "add", { by: 3 }));
    const frames = alice.frames.length;
    expect(bench.send("alice", "add", { by: 0 })).toEqual({
      status: "done",
      seq,
      value: '{"value":3}',
      isReplay: false,
    });
    expect(seqOf(bench.send("alice", "remove", { k: "nothing" }))).toBe(seq);
    expect(bench.instance.seq).toBe(seq);
    const marked = bench.send("alice", "add", { by: 0 }, "m1");
    expect(marked).toMatchObject({ status: "done", seq, durableSeq: seq + 1 });
    expect(seqOf(bench.send("alice", "add", { by: 0 }, "m1"))).toBe(seq);
    expect(seqOf(bench.send("alice", "add", { by: 0 }))).toBe(seq);
    expect(alice.frames.length).toBe(frames);
    expect(bench.get("alice").seq).toBe(seq);
  });

  test("set takes 64 KiB of UTF-8 and not more", () => {
    const bench = begin();
    const alice = bench.connect("alice");
    const text = "é".repeat(32 * 1024);
    bench.send("alice", "set", { text });
    expect(alice.view["text"]).toBe(text);
    expect(refusal(bench.send("alice", "set", { text: `${text}x` })).code).toBe("invalid_argument");
    expect(refusal(bench.send("alice", "set", { text: 5 })).code).toBe("invalid_argument");
    expect(refusal(bench.send("alice", "set")).code).toBe("invalid_argument");
  });

  test("a face is for its holder, or for all once revealed", () => {
    const bench = begin();
    const alice = bench.connect("alice");
    const bob = bench.connect("bob");
    expect(value(bench.send("bob", "deal", { holder: "alice", rank: 3, face: "FACE" }))).toEqual({ id: "1" });
    const card = { id: "1", holder: "alice", rank: 3 };
    expect(alice.view).toMatchObject({
      cards: [{ ...card, face: "FACE" }],
      hand: [{ ...card, face: "FACE" }],
      mine: 1,
    });
    expect(bob.view).toMatchObject({ cards: [card], hand: [], mine: 0 });
    expect(bob.bytes).not.toContain("FACE");
    bench.send("alice", "reveal", { id: "1" });
    expect(bob.view["cards"]).toEqual([{ ...card, face: "FACE" }]);
    bench.send("bob", "conceal", { id: "1" });
    expect(bob.view["cards"]).toEqual([card]);
    expect(bob.last["cards"]).toEqual({ "1": { face: null } });
    bench.send("bob", "reveal", { id: "1" });
    bench.send("bob", "take", { id: "1" });
    expect(alice.view).toMatchObject({ cards: [{ id: "1", holder: "bob", rank: 3 }], hand: [], mine: 0 });
    expect(alice.view["cards"]).toEqual([{ id: "1", holder: "bob", rank: 3 }]);
    expect(bob.view["hand"]).toEqual([{ id: "1", holder: "bob", rank: 3, face: "FACE" }]);
  });

  test("a secret card is absent for everyone but its holder", () => {
    const bench = begin();
    const alice = bench.connect("alice");
    const bob = bench.connect("bob");
    const frames = bob.frames.length;
    const before = bench.get("bob");
    bench.send("alice", "deal", { holder: "alice", rank: 1, face: "HIDDEN", secret: true });
    expect(alice.view["cards"]).toEqual([{ id: "1", holder: "alice", rank: 1, face: "HIDDEN" }]);
    expect(bob.frames.length).toBe(frames);
    expect(bench.get("bob")).toEqual(before);
    for (const message of ["take", "reveal", "conceal", "drop", "move"]) {
      const unseen = refusal(bench.send("bob", message, { id: "1" }));
      const unknown = refusal(bench.send("bob", message, { id: "99" }));
      expect(unseen.toBody()).toEqual(unknown.toBody());
      expect(unseen.details).toEqual({ code: "no_such_card" });
    }
    expect(refusal(bench.send("bob", "redeal", { id: "1", holder: "bob", rank: 1 })).details).toEqual({
      code: "no_such_card",
    });
    bench.send("alice", "reveal", { id: "1" });
    expect(bob.view["cards"]).toEqual([{ id: "1", holder: "alice", rank: 1, face: "HIDDEN" }]);
    bench.send("bob", "conceal", { id: "1" });
    expect(bob.view["cards"]).toEqual([]);
    const hidden = bob.frames.length;
    bench.send("alice", "drop", { id: "1" });
    expect(bob.frames.length).toBe(hidden);
  });

  test("redeal keeps the id and the secrecy, loses the face, and goes to the end", () => {
    const bench = begin();
    const alice = bench.connect("alice");
    const bob = bench.connect("bob");
    bench.send("alice", "deal", { holder: "alice", rank: 1, face: "F1", secret: true });
    bench.send("alice", "deal", { holder: "alice", rank: 2, face: "F2" });
    bench.send("alice", "redeal", { id: "1", holder: "alice", rank: 9 });
    bench.send("alice", "redeal", { id: "2", holder: "bob", rank: 8 });
    expect(alice.view["cards"]).toEqual([
      { id: "1", holder: "alice", rank: 9 },
      { id: "2", holder: "bob", rank: 8 },
    ]);
    expect(bob.view["cards"]).toEqual([{ id: "2", holder: "bob", rank: 8 }]);
    bench.send("alice", "redeal", { id: "1", holder: "alice", rank: 9 });
    expect((alice.view["cards"] as { id: string }[]).map(({ id }) => id)).toEqual(["2", "1"]);
    expect(bob.bytes).not.toContain('"1":');
  });

  test("move puts a card before another or at the end", () => {
    const bench = begin();
    const alice = bench.connect("alice");
    for (let rank = 0; rank < 4; rank++) bench.send("alice", "deal", { holder: "alice", rank });
    const ids = (): string[] => (alice.view["cards"] as { id: string }[]).map(({ id }) => id);
    bench.send("alice", "move", { id: "4", before: "2" });
    expect(ids()).toEqual(["1", "4", "2", "3"]);
    expect(alice.last).toEqual({ "@s": alice.seq, "@h": alice.hash, cards: { "@o": ["1", "4", [1, 2]] } });
    bench.send("alice", "move", { id: "1" });
    expect(ids()).toEqual(["4", "2", "3", "1"]);
    bench.send("alice", "move", { id: "1", before: "1" });
    expect(ids()).toEqual(["4", "2", "3", "1"]);
    expect(refusal(bench.send("alice", "move", { id: "1", before: "77" })).details).toEqual({ code: "no_such_card" });
  });

  test("hand orders by rank, then by numeric id", () => {
    const bench = begin();
    const alice = bench.connect("alice");
    for (let count = 0; count < 11; count++)
      bench.send("alice", "deal", { holder: "alice", rank: count === 0 ? 2 : 1 });
    bench.send("alice", "move", { id: "11", before: "1" });
    const hand = (alice.view["hand"] as { id: string }[]).map(({ id }) => id);
    expect(hand).toEqual(["2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "1"]);
  });

  test("put, remove and bulk", () => {
    const bench = begin();
    const alice = bench.connect("alice");
    bench.send("alice", "put", { k: "__proto__", v: "data" });
    bench.send("alice", "put", { k: "constructor", v: "x" });
    expect(Object.entries(alice.view["blob"] as object)).toEqual(
      expect.arrayContaining([
        ["__proto__", "data"],
        ["constructor", "x"],
      ]),
    );
    bench.send("alice", "remove", { k: "__proto__" });
    bench.send("alice", "remove", { k: "constructor" });
    expect(alice.view["blob"]).toEqual({});
    for (const k of ["@s", "@", "", "x".repeat(513)]) {
      expect(refusal(bench.send("alice", "put", { k, v: "x" })).code).toBe("invalid_argument");
    }
    bench.send("alice", "bulk", { n: 20, bytes: 100 });
    const first = alice.view["blob"] as Record<string, string>;
    expect(Object.keys(first).length).toBe(20);
    expect(Object.values(first).every((text) => /^[\x20-\x7e]{100}$/.test(text))).toBe(true);
    bench.send("alice", "bulk", { n: 20, bytes: 100 });
    expect((alice.view["blob"] as Record<string, string>)["k0"]).not.toBe(first["k0"]);
    for (const arg of [{ n: 0, bytes: 1 }, { n: 2_001, bytes: 1 }, { n: 1, bytes: 4_097 }, { n: 1 }]) {
      expect(refusal(bench.send("alice", "bulk", arg)).code).toBe("invalid_argument");
    }
  });

  test("fail and throw leave nothing of their change", () => {
    const bench = begin();
    const alice = bench.connect("alice");
    const { seq } = bench.instance;
    const frames = alice.frames.length;
    expect(refusal(bench.send("alice", "fail", { code: "nope" })).toBody()).toMatchObject({
      code: "rejected",
      details: { code: "nope" },
    });
    const failed = refusal(bench.send("alice", "throw", {}));
    expect(failed.code).toBe("handler_failed");
    expect(JSON.stringify(failed.toBody())).not.toContain("conformance");
    expect(bench.instance.seq).toBe(seq);
    expect(alice.frames.length).toBe(frames);
    expect(bench.get("alice").view["value"]).toBe(0);
  });

  test("a first message that is refused leaves no document behind", () => {
    const bench = begin();
    bench.send("alice", "fail", { code: "nope" });
    expect(bench.instance.exists).toBe(false);
    expect(bench.instance.seq).toBe(0);
    expect(() => bench.get("alice")).toThrow(expect.objectContaining({ code: "not_found" }));
  });

  test("after fires once, also after a restart", () => {
    const bench = begin();
    bench.send("alice", "after", { ms: 1_000, label: "late" });
    bench.send("alice", "after", { ms: 10, label: "soon" });
    expect(bench.instance.wakeAt).toBe(bench.now + 10);
    bench.reopen(true);
    expect(bench.instance.wakeAt).toBe(bench.now + 10);
    bench.execute({ kind: "timer" });
    expect(bench.get("alice").view["fired"]).toEqual([]);
    bench.now += 1_000;
    bench.execute({ kind: "timer" });
    bench.execute({ kind: "timer" });
    bench.execute({ kind: "timer" });
    expect(bench.get("alice").view["fired"]).toEqual(["soon", "late"]);
    expect(bench.instance.wakeAt).toBeUndefined();
    for (const ms of [-1, 86_400_001, 1.5]) {
      expect(refusal(bench.send("alice", "after", { ms, label: "x" })).code).toBe("invalid_argument");
    }
  });

  test("whoami", () => {
    expect(value(begin().send("alice", "whoami", {}))).toEqual({ agent: "alice", authority: "dev" });
    expect(value(begin().send("alice", "whoami"))).toEqual({ agent: "alice", authority: "dev" });
  });

  test("the agent blocked gets forbidden everywhere", () => {
    const bench = begin();
    const blocked = principalOf("blocked");
    const all = (): string[] => [
      refusal(bench.execute({ kind: "create", principal: blocked })).code,
      refusal(bench.send("blocked", "add", { by: 1 })).code,
      refusal(bench.send("blocked", "nothing of the kind")).code,
      refusal(bench.execute({ kind: "connect", principal: blocked })).code,
      refusal(bench.execute({ kind: "delete", principal: blocked })).code,
      codeOf(() => bench.get("blocked")),
      codeOf(() => bench.attach("blocked")),
    ];
    expect(new Set(all())).toEqual(new Set(["forbidden"]));
    bench.send("alice", "add", { by: 1 });
    expect(new Set(all())).toEqual(new Set(["forbidden"]));
    expect(bench.instance.viewerCount).toBe(0);
  });

  test("an unknown message is not found", () => {
    const bench = begin();
    for (const name of ["nothing", "__proto__", "constructor", "toString"]) {
      expect(refusal(bench.send("alice", name, {})).code).toBe("not_found");
    }
  });

  test("present lists agents once, sorted, without moving the seq", () => {
    const bench = begin();
    const alice = bench.connect("alice");
    const { seq } = alice;
    const carol = bench.connect("carol");
    const bob = bench.connect("bob");
    const again = bench.connect("bob");
    expect(alice.view["present"]).toEqual(["alice", "bob", "carol"]);
    expect(alice.seq).toBe(seq);
    bench.disconnect(again);
    bench.disconnect(carol);
    bench.deliver();
    expect(alice.view["present"]).toEqual(["alice", "bob"]);
    expect(bob.view["present"]).toEqual(["alice", "bob"]);
    expect(bench.instance.seq).toBe(seq);
  });

  test("deleting takes viewers away; markers stay, and the seq goes on", () => {
    const bench = begin();
    bench.connect("alice");
    const seq = seqOf(bench.send("alice", "add", { by: 1 }, "m"));
    expect(seqOf(bench.execute({ kind: "delete", principal: principalOf("alice") }))).toBe(seq + 1);
    expect(bench.instance.exists).toBe(false);
    expect(bench.instance.viewerCount).toBe(0);
    expect(bench.stored.isDeleted).toBe(true);
    expect(refusal(bench.execute({ kind: "delete", principal: principalOf("alice") })).code).toBe("not_found");
    bench.clients.length = 0;
    expect(seqOf(bench.send("alice", "add", { by: 1 }, "m"))).toBe(seq);
    expect(bench.instance.exists).toBe(false);
    expect(seqOf(bench.send("alice", "add", { by: 5 }, "m2"))).toBe(seq + 2);
    bench.reopen();
    expect(bench.get("alice").view["value"]).toBe(5);
    expect(bench.get("alice").seq).toBe(seq + 2);
  });

  test("the seq of a frame is that of the newest commit its viewer can see", () => {
    const bench = begin();
    const alice = bench.connect("alice");
    const bob = bench.connect("bob");
    const visible = seqOf(bench.send("alice", "add", { by: 1 }));
    const hidden = seqOf(bench.send("alice", "deal", { holder: "alice", rank: 1, secret: true }));
    expect(alice.seq).toBe(hidden);
    expect(bob.seq).toBe(visible);
    expect(bench.get("bob").seq).toBe(visible);
    expect(bench.connect("carol").seq).toBe(visible);
    const shown = seqOf(bench.send("alice", "reveal", { id: "1" }));
    expect(bob.seq).toBe(shown);
    const concealed = seqOf(bench.send("alice", "conceal", { id: "1" }));
    expect(bob.seq).toBe(concealed);
    const dropped = seqOf(bench.send("alice", "drop", { id: "1" }));
    expect(alice.seq).toBe(dropped);
    expect(bob.seq).toBe(concealed);
  });
});

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (thrown) {
    return (thrown as ServiceError).code;
  }
  return "done";
}
