import { describe, expect, test } from "@jest/globals";
import { defineDocument, record, t } from "../src/index.ts";
import { Bench } from "./bench.ts";
import { begin, note, sees } from "./trap-bench.ts";

// oxlint-disable typescript/no-explicit-any -- handlers are handed in by each test

describe("changes that some may not see", () => {
  test("an order that was edited more often than is remembered is sent whole", () => {
    const bench = begin();
    bench.run((doc) => {
      for (let count = 0; count < 50; count++) doc.plain.insert(note("ann", `t${count}`));
    });
    const slow = bench.connect("bob", { credit: 1 });
    const quick = bench.connect("bob");
    for (let round = 0; round < 90; round++) {
      bench.run((doc) => {
        for (let count = 0; count < 7; count++) doc.plain.move(String(1 + ((round * 13 + count * 5) % 50)), "7");
      });
    }
    bench.instance.grant(slow.viewer, 1);
    bench.deliver();
    expect(slow.view).toEqual(quick.view);
    expect(quick.view).toEqual(bench.get("bob").view);
  });

  test("a hidden change that opens something else is not passed over, also where most have nothing to be told", () => {
    const bench = new Bench(
      defineDocument({
        space: "levers",
        createsOnDemand: true,
        state: {
          level: t.int().private(),
          rows: t.table(
            record({ owner: t.string() }).visibleTo(
              (row, viewer, doc) => doc.level > 1 || row.owner === viewer.principal.agent,
            ),
          ),
        },
        messages: (message) => ({
          insert: message(t.string(), (doc, owner) => void doc.rows.insert({ owner })),
          level: message(t.int(), (doc, level) => void (doc.level = level)),
        }),
      }),
    );
    const clients = ["ann", "bob", "cid"].map((agent) => bench.connect(agent));
    const owners = (): string[][] =>
      clients.map((client) => (client.view["rows"] as { owner: string }[]).map(({ owner }) => owner));
    bench.send("ann", "insert", "ann");
    bench.send("ann", "insert", "bob");
    expect(owners()).toEqual([["ann"], ["bob"], []]);
    bench.send("ann", "level", 2);
    expect(owners()).toEqual([
      ["ann", "bob"],
      ["ann", "bob"],
      ["ann", "bob"],
    ]);
    bench.send("ann", "level", 1);
    expect(owners()).toEqual([["ann"], ["bob"], []]);
  });

  test("a hidden record in the slot of one that was held is not taken for it", () => {
    const bench = begin({ limits: { tombstonesMax: 1 } });
    const clients = ["bob", "cid"].map((agent) => bench.connect(agent));
    for (let round = 0; round < 12; round++) {
      // Held, then removed and forgotten; its slot is the next one's.
      bench.run((doc) => doc.guarded.insert(note("bob", `held ${round}`)));
      bench.run((doc) => doc.guarded.delete(doc.guarded.first().id));
      bench.run((doc) => doc.guarded.insert(note("ann", `hidden ${round}`)));
      bench.run((doc) => void (doc.guarded.first().open = true));
      for (const client of clients) expect(client.view).toEqual(bench.get(client.agent).view);
      bench.run((doc) => doc.guarded.clear());
    }
  });

  test("viewers who were alike until somebody looked at who they are get each their own", () => {
    const bench = begin();
    const clients = ["ann", "bob", "ann", "cid"].map((agent) => bench.connect(agent));
    const slow = bench.connect("bob", { credit: 1 });
    bench.run((doc) => void doc.count++);
    // The first guarded record is the first time that a policy asks for the viewer.
    bench.run((doc) => {
      doc.guarded.insert(note("ann", "A"));
      doc.guarded.insert(note("bob", "B"));
      doc.plain.insert(note("bob", "P", { secret: "S" }));
    });
    bench.instance.grant(slow.viewer, 5);
    bench.deliver();
    expect(clients.map((client) => sees(client, "guarded"))).toEqual([["A"], ["B"], ["A"], []]);
    expect(sees(slow, "guarded")).toEqual(["B"]);
    for (const client of [...clients, slow]) expect(client.view).toEqual(bench.get(client.agent).view);
  });

  test("a policy that looks at the viewer only in some states is asked for everyone when it does", () => {
    const Card = record({ owner: t.string(), text: t.string() }).visibleTo(
      (card, viewer, doc) => doc.isOver && card.owner === viewer.principal.agent,
    );
    const bench = new Bench(
      defineDocument({
        space: "late",
        createsOnDemand: true,
        state: { isOver: t.boolean(), cards: t.table(Card) },
        messages: (message) => ({
          deal: message(t.string(), (doc, owner) => void doc.cards.insert({ owner, text: owner })),
          end: message((doc) => void (doc.isOver = true)),
        }),
      }),
    );
    const clients = ["ann", "bob", "cid"].map((agent) => bench.connect(agent));
    bench.send("ann", "deal", "ann");
    bench.send("ann", "deal", "bob");
    expect(clients.map((client) => sees(client, "cards"))).toEqual([[], [], []]);
    bench.send("ann", "end");
    expect(clients.map((client) => sees(client, "cards"))).toEqual([["ann"], ["bob"], []]);
  });

  test("what is nested in hidden records is asked again when they are shown to one who is behind", () => {
    const Inner = record({ text: t.string(), open: t.boolean() }).visibleTo(
      (inner, _viewer, doc) => inner.open || doc.all,
    );
    const Outer = record({ open: t.boolean(), inner: t.table(Inner) }).visibleTo((outer) => outer.open);
    const bench = new Bench(
      defineDocument({
        space: "nested",
        createsOnDemand: true,
        state: { all: t.boolean(), outer: t.table(Outer) },
        messages: (message) => ({
          begin: message((doc) => doc.outer.insert({ open: true, inner: [{ text: "I", open: false }] }).id),
          outer: message(t.boolean(), (doc, open) => void (doc.outer.get("1")!.open = open)),
          all: message(t.boolean(), (doc, all) => void (doc.all = all)),
        }),
      }),
    );
    bench.send("ann", "begin");
    const quick = bench.connect("ann");
    const slow = bench.connect("ann", { credit: 1 });
    bench.send("ann", "outer", false);
    bench.send("ann", "all", true);
    // The one who is behind is walked first, when nobody has asked for what is inside since it was hidden.
    bench.instance.grant(slow.viewer, 1);
    bench.send("ann", "outer", true);
    expect(quick.view).toEqual({
      all: true,
      outer: [{ id: "1", open: true, inner: [{ id: "1", open: false, text: "I" }] }],
    });
    expect(slow.view).toEqual(quick.view);
    bench.send("ann", "all", false);
    bench.instance.grant(slow.viewer, 1);
    bench.deliver();
    expect(slow.view).toEqual({ all: false, outer: [{ id: "1", open: true, inner: [] }] });
    expect(quick.view).toEqual(slow.view);
  });
});
