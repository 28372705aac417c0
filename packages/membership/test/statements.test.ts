import { describe, expect, test } from "@jest/globals";
import type { GossipPart } from "@tidewire/protocol-routing";
import type { Health } from "../src/member.ts";
import { alive, dead, LoneMember, left, ping, suspect } from "./support/lone-member.ts";

/** Hearsay of a death is believed once the suspicion has lasted half its shortest time. */
function bury(me: LoneMember, obituary: GossipPart): void {
  me.now += 2_000;
  me.receive("p:1", obituary);
}

/** Brings member `m` into a state at incarnation 5, then hands in one more part. */
function after(initial: Health, part: GossipPart): LoneMember {
  const me = new LoneMember();
  for (const id of ["p", "q"]) me.receive(`${id}:1`, alive(id));
  me.receive("p:1", alive("m", { incarnation: 5 }));
  if (initial === "suspect" || initial === "dead") me.receive("p:1", suspect("m", 5));
  if (initial === "dead") bury(me, dead("m", 5));
  if (initial === "left") me.receive("p:1", left("m", 5));
  expect(me.health("m")).toBe(initial);
  me.clear();
  me.receive("q:1", part);
  return me;
}

describe("every state with every statement", () => {
  const older = {
    alive: alive("m", { incarnation: 4 }),
    suspect: suspect("m", 4),
    dead: dead("m", 4),
    left: left("m", 4),
  };
  const same = {
    alive: alive("m", { incarnation: 5 }),
    suspect: suspect("m", 5),
    dead: dead("m", 5),
    left: left("m", 5),
  };
  const newer = {
    alive: alive("m", { incarnation: 6 }),
    suspect: suspect("m", 6),
    dead: dead("m", 6),
    left: left("m", 6),
  };
  const olderBoot = { alive: alive("m", { boot: 499, incarnation: 9 }), dead: dead("m", 9, 499) };
  const newerBoot = { alive: alive("m", { boot: 501 }), suspect: suspect("m", 1, 501), dead: dead("m", 1, 501) };

  test.each<[Health, GossipPart, Health, string]>([
    ["alive", older.alive, "alive", "older alive"],
    ["alive", older.suspect, "alive", "older suspect"],
    ["alive", older.dead, "alive", "older dead"],
    ["alive", older.left, "alive", "older left"],
    ["alive", same.suspect, "suspect", "suspect"],
    // The gate: hearsay about someone held alive is only an accusation.
    ["alive", same.dead, "suspect", "dead"],
    ["alive", same.left, "left", "left"],
    ["alive", newer.dead, "suspect", "newer dead"],
    ["alive", newer.left, "left", "newer left"],
    ["alive", olderBoot.dead, "alive", "dead of an older boot"],
    ["alive", newerBoot.dead, "suspect", "dead of a newer boot"],
    ["suspect", older.alive, "suspect", "older alive"],
    ["suspect", same.alive, "suspect", "the same alive"],
    ["suspect", newer.alive, "alive", "newer alive"],
    ["suspect", same.suspect, "suspect", "suspect"],
    // The same gate: a suspicion this young leaves time to refute.
    ["suspect", same.dead, "suspect", "dead"],
    ["suspect", same.left, "left", "left"],
    ["dead", older.alive, "dead", "older alive"],
    ["dead", same.alive, "dead", "the same alive"],
    ["dead", newer.alive, "alive", "newer alive"],
    ["dead", same.suspect, "dead", "suspect"],
    ["dead", newer.suspect, "suspect", "newer suspect"],
    ["dead", same.left, "left", "left"],
    ["dead", olderBoot.alive, "dead", "alive of an older boot, higher incarnation"],
    ["dead", newerBoot.alive, "alive", "alive of a newer boot"],
    ["left", same.alive, "left", "late alive"],
    ["left", same.suspect, "left", "late suspect"],
    ["left", same.dead, "left", "late dead"],
    ["left", newerBoot.alive, "alive", "alive of a newer boot"],
    ["left", newerBoot.suspect, "suspect", "suspect of a newer boot"],
  ])("%s, then %#: stays or becomes as the order says", (initial, part, expected, _what) => {
    expect(after(initial, part).health("m")).toBe(expected);
  });

  test("an obituary that came too soon is believed when the shortest suspicion is over, unless it was refuted", () => {
    const me = after("alive", dead("m", 5));
    expect(me.health("m")).toBe("suspect");
    me.run(3_900);
    expect(me.health("m")).toBe("suspect");
    me.run(200);
    expect(me.health("m")).toBe("dead");

    const saved = after("alive", dead("m", 5));
    saved.receive("m:1", alive("m", { incarnation: 6 }));
    saved.run(5_000);
    expect(saved.engine.member("m")?.incarnation).toBe(6);
    // Nobody answers its probes in this test, so at worst it is suspected anew.
    expect(saved.health("m")).not.toBe("dead");
  });

  test("the highest number is kept even when the state does not change: a middle one cannot resurrect", () => {
    const me = after("dead", dead("m", 10));
    expect(me.health("m")).toBe("dead");
    expect(me.engine.member("m")?.incarnation).toBe(10);
    me.receive("p:1", alive("m", { incarnation: 7 }));
    expect(me.health("m")).toBe("dead");
    me.receive("p:1", alive("m", { incarnation: 11 }));
    expect(me.health("m")).toBe("alive");
  });
});

describe("answers to what is out of date", () => {
  test("whoever spreads a stale ALIVE of the dead is told", () => {
    const me = after("dead", alive("m", { incarnation: 4 }));
    expect(me.partsSent("dead")[0]).toMatchObject({ to: "q:1", value: { id: "m", incarnation: 5, from: "me" } });
  });

  test("a suspect that repeats its old word is told, others that repeat it are not", () => {
    expect(after("suspect", alive("m", { incarnation: 5 })).partsSent("suspect")).toEqual([]);
    const me = after("suspect", suspect("m", 5));
    me.receive("m:1", alive("m", { incarnation: 5 }));
    expect(me.partsSent("suspect")[0]).toMatchObject({ to: "m:1", value: { id: "m", incarnation: 5, from: "me" } });
  });

  test("whoever buries one that has spoken since is told", () => {
    const me = after("alive", dead("m", 4));
    expect(me.sent[0]?.to).toBe("q:1");
    expect(me.sent[0]?.parts[0]).toMatchObject({ kind: "alive", value: { id: "m", incarnation: 5 } });
  });

  test("an accused member learns it from the answer to its ping", () => {
    const me = after("dead", alive("q"));
    me.clear();
    me.receive("m:1", ping({ sourceId: "m" }));
    const [sent] = me.sent;
    expect(sent?.to).toBe("m:1");
    expect(sent?.parts[0]).toMatchObject({ kind: "dead", value: { id: "m" } });
    expect(sent?.parts[1]).toMatchObject({ kind: "ack", value: { seq: 9 } });
  });

  test("the record of a member nobody here heard of comes later than the accusation", () => {
    const me = new LoneMember();
    me.receive("p:1", suspect("m", 3));
    expect(me.engine.member("m")).toMatchObject({ health: "suspect", role: "", gossipAddress: "" });
    me.receive("p:1", alive("m", { incarnation: 2 }));
    expect(me.engine.member("m")).toMatchObject({ health: "suspect", role: "document-host", incarnation: 3 });
    expect(me.engine.sizes.queued).toBeGreaterThan(0);
  });

  test("a word that overtook its obituary is sent back to its author, so that the table gets a later version", () => {
    const me = new LoneMember();
    me.receive("m:1", alive("m", { incarnation: 5, stamp: 3 }));
    me.receive("m:1", suspect("m", 5));
    bury(me, dead("m", 5, 500, 9));
    me.clear();
    me.receive("m:1", alive("m", { incarnation: 6, stamp: 3 }));
    expect(me.partsSent("dead")).toMatchObject([{ to: "m:1", value: { id: "m", stamp: 9 } }]);
  });
});

describe("accusations against this member", () => {
  const own = (me: LoneMember) => me.engine.member("me")!;

  test("are refuted with a higher incarnation", () => {
    const me = new LoneMember();
    me.receive("p:1", alive("p"));
    me.clear();
    me.receive("p:1", suspect("me", own(me).incarnation, 1_000), ping({ sourceId: "p" }));
    expect(own(me)).toMatchObject({ health: "alive", incarnation: 2 });
    // The refutation travels with the very answer.
    expect(me.sent[0]!.parts).toContainEqual(
      expect.objectContaining({ kind: "alive", value: expect.objectContaining({ id: "me", incarnation: 2 }) }),
    );
    expect(me.engine.localHealth).toBe(1);
  });

  test("that are older than its word are ignored", () => {
    const me = new LoneMember();
    me.receive("p:1", suspect("me", 1, 1_000));
    me.receive("p:1", suspect("me", 1, 1_000));
    expect(own(me).incarnation).toBe(2);
    expect(me.engine.localHealth).toBe(1);
  });

  test("of an earlier boot are answered with the present word", () => {
    const me = new LoneMember();
    me.clear();
    me.receive("p:1", dead("me", 77, 999));
    expect(own(me).incarnation).toBe(1);
    expect(me.partsSent("alive")[0]).toMatchObject({ to: "p:1", value: { id: "me", boot: 1_000 } });
  });

  test("an obituary costs probation and a later stamp", () => {
    const me = new LoneMember({ lifecycle: "active" });
    expect(own(me).lifecycle).toBe("active");
    const { incarnation, stamp } = own(me);
    me.receive("p:1", dead("me", incarnation, 1_000, stamp + 40));
    expect(own(me)).toMatchObject({ lifecycle: "joining", incarnation: incarnation + 1, stamp: stamp + 41 });
    me.run(9_900);
    expect(own(me).lifecycle).toBe("joining");
    me.run(200);
    expect(own(me).lifecycle).toBe("active");
  });

  test("an obituary that was overtaken still costs a later stamp", () => {
    const me = new LoneMember({ lifecycle: "active" });
    me.receive("p:1", suspect("me", own(me).incarnation, 1_000));
    const { incarnation, stamp } = own(me);
    me.receive("p:1", dead("me", incarnation - 1, 1_000, stamp + 5));
    expect(own(me).stamp).toBe(stamp + 6);
    expect(own(me).lifecycle).toBe("joining");
  });

  test("a draining member goes on draining", () => {
    const me = new LoneMember({ lifecycle: "draining" });
    me.receive("p:1", dead("me", own(me).incarnation, 1_000, 50));
    expect(own(me).lifecycle).toBe("draining");
  });

  test("an incarnation out of this world starts a new boot instead of using up the counter", () => {
    const me = new LoneMember();
    me.receive("p:1", suspect("me", 0xffff_ffff, 1_000));
    expect(own(me)).toMatchObject({ boot: 1_001, incarnation: 1, health: "alive" });
  });

  test("a stamp out of this world is not counted on", () => {
    const me = new LoneMember();
    me.receive("p:1", dead("nobody", 1, 1, 2 ** 53 - 1));
    me.receive("p:1", dead("me", 1, 1_000, 3));
    expect(own(me).stamp).toBeLessThan(100);
  });

  test("the death of a later boot of this name makes this one later still", () => {
    const me = new LoneMember();
    me.receive("p:1", dead("me", 4, 5_000));
    expect(own(me)).toMatchObject({ boot: 5_001, health: "alive" });
    expect(me.effects.some((effect) => effect.kind === "evicted")).toBe(false);
  });

  test("an echo of an earlier life at the same address, its clock ahead, is outdone", () => {
    const me = new LoneMember();
    me.receive("p:1", alive("me", { boot: 7_000, gossipAddress: "me:1" }));
    expect(own(me).boot).toBe(7_001);
  });
});

describe("two processes of one name", () => {
  test("the older stops when it hears the newer, by gossip or by word of conflict", () => {
    const byGossip = new LoneMember();
    byGossip.receive("p:1", alive("me", { boot: 2_000, gossipAddress: "elsewhere:1" }));
    const byConflict = new LoneMember();
    byConflict.receive("p:1", { kind: "conflict", value: { id: "me", boot: 2_000, gossipAddress: "elsewhere:1" } });
    for (const me of [byGossip, byConflict]) {
      expect(me.effects.filter((effect) => effect.kind === "evicted")).toHaveLength(1);
      me.clear();
      me.run(10_000);
      expect(me.sent).toEqual([]);
    }
  });

  test("the newer tells the older", () => {
    const me = new LoneMember();
    me.clear();
    me.receive("old:1", ping({ sourceId: "me", sourceBoot: 900, targetId: "x" }));
    expect(me.partsSent("conflict")).toMatchObject([
      { to: "old:1", value: { id: "me", boot: 1_000, gossipAddress: "me:1" } },
    ]);
  });

  test("a third member tells the one that is replaced while it lives", () => {
    const me = new LoneMember();
    me.receive("m:1", alive("m"));
    me.clear();
    me.receive("m:9", alive("m", { boot: 600, gossipAddress: "m:9" }));
    expect(me.partsSent("conflict")).toMatchObject([{ to: "m:1", value: { id: "m", boot: 600 } }]);
    expect(me.engine.member("m")).toMatchObject({ boot: 600, gossipAddress: "m:9", health: "alive" });
  });
});
