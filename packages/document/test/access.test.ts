import { describe, expect, test } from "@jest/globals";
import { type AccessRules, defineDocument, t } from "../src/index.ts";
import { createTestDocument } from "../src/testing.ts";

// oxlint-disable typescript/no-explicit-any -- rules are handed in by each test

const doors = (access: AccessRules<any>, createsOnDemand = false) =>
  createTestDocument(
    defineDocument({
      space: "doors",
      createsOnDemand,
      state: { owner: t.string(), count: t.int() },
      access,
      onCreate: (doc, _arg, ctx) => void (doc.owner = ctx.principal.agent),
      messages: (message) => ({
        bump: message((doc) => ++doc.count),
        rename: message((doc) => void (doc.owner += "!")),
        look: message((doc) => doc.count),
      }),
    }),
  );

const refused = (act: () => unknown): string => {
  try {
    act();
  } catch (thrown) {
    return (thrown as { code: string }).code;
  }
  return "done";
};

describe("access", () => {
  test("without rules everybody may everything", () => {
    const document = doors({});
    document.create("ann");
    expect(document.send("bob", "bump")).toBe(1);
    expect(document.view("cid").count).toBe(1);
    document.delete("bob");
    expect(document.exists).toBe(false);
  });

  test("create is asked by who and by name, also of those who would create by coming", () => {
    const document = doors({ create: ({ agent }, { key }) => agent === "ann" && key === "doc" }, true);
    expect([refused(() => document.connect("bob")), refused(() => document.send("bob", "bump"))]).toEqual([
      "forbidden",
      "forbidden",
    ]);
    expect([refused(() => document.create("bob")), document.exists]).toEqual(["forbidden", false]);
    document.connect("ann");
    expect(document.exists).toBe(true);
    // Whoever may create or not: what is there is asked otherwise.
    expect(refused(() => document.connect("bob"))).toBe("done");
  });

  test("connect is for looking, and for everything that has no rule of its own", () => {
    const document = doors({ connect: ({ agent }, doc) => agent === doc.owner });
    document.create("ann");
    for (const act of [
      () => document.connect("bob"),
      () => document.view("bob"),
      () => document.send("bob", "bump"),
      () => document.delete("bob"),
      // That it exists is not told.
      () => document.create("bob"),
    ]) {
      expect(refused(act)).toBe("forbidden");
    }
    expect(document.send("ann", "look")).toBe(0);
  });

  test("send knows the message, delete its own mind", () => {
    const document = doors({
      send: ({ agent }, doc, message) => agent === doc.owner || message === "look",
      delete: ({ agent }, doc) => agent !== doc.owner,
    });
    document.create("ann");
    expect([refused(() => document.send("bob", "bump")), document.send("bob", "look")]).toEqual(["forbidden", 0]);
    expect(refused(() => document.delete("ann"))).toBe("forbidden");
    expect(refused(() => document.delete("bob"))).toBe("done");
  });

  test.each<[string, () => any]>([
    [
      "throws",
      () => {
        throw new Error("broken rule");
      },
    ],
    ["promises", async () => await Promise.resolve(true)],
    ["says something that is nearly true", () => 1],
  ])("a rule that %s refuses", (_what, connect) => {
    const document = doors({ connect });
    document.create("ann");
    expect(refused(() => document.view("ann"))).toBe("forbidden");
  });

  test("a rule reads, it never writes, and what it threw is told to who runs the document", () => {
    const document = doors({ connect: (_principal, doc) => ++doc.count > 0 });
    document.create("ann");
    expect(refused(() => document.view("ann"))).toBe("forbidden");
    expect(String(document.faults[0])).toMatch(/state can only be changed while a handler/);
  });

  test("who was let in is asked anew with each message, and when what the rule read has changed", () => {
    let asked = 0;
    const document = doors({
      connect: ({ agent }, doc) => {
        asked++;
        return agent === "ann" || doc.count < 2;
      },
      send: () => true,
    });
    document.create("ann");
    const [ann, bob, again] = [document.connect("ann"), document.connect("bob"), document.connect("bob")];
    bob.send("bump");
    expect([bob.endedBy, bob.view.count]).toEqual([undefined, 1]);
    asked = 0;
    ann.send("rename");
    // The connections are looked at by the test kit, not by the rule.
    expect(asked).toBe(3);
    bob.send("bump");
    expect([ann.endedBy, bob.endedBy, again.endedBy]).toEqual([undefined, "forbidden", "forbidden"]);
    // Nothing of the commit that shut the door reached them.
    expect([bob.view.count, again.view.count, ann.view.count]).toEqual([1, 1, 2]);
    expect(refused(() => document.connect("bob"))).toBe("forbidden");
    expect(bob.send("look")).toBe(2);
    ann.send("bump");
    expect([bob.frameCount, ann.view.count]).toEqual([3, 3]);
  });

  test("who is shut out is gone for the others, in the commit that shut the door", () => {
    const document = createTestDocument(
      defineDocument({
        space: "doors",
        state: { banned: t.map(t.boolean()), left: t.list(t.string()) },
        views: { here: (doc) => doc.presence.agents },
        access: { connect: ({ agent }, doc) => !doc.banned.has(agent) },
        onDisconnect: (doc, ctx) => void doc.left.push(ctx.principal.agent),
        messages: (message) => ({ ban: message(t.string(), (doc, agent) => doc.banned.set(agent, true)) }),
      }),
    );
    document.create("ann");
    const [ann, bob] = [document.connect("ann"), document.connect("bob")];
    ann.send("ban", "bob");
    expect(bob.endedBy).toBe("forbidden");
    expect(ann.view).toEqual({ banned: { bob: true }, here: ["ann"], left: ["bob"] });
    expect(bob.received).not.toMatch(/banned":\{"bob/);
  });
});
