import { describe, expect, test } from "@jest/globals";
import { z } from "zod";
import { defineDocument, record, t } from "../src/index.ts";
import { createTestDocument, Rejected } from "../src/testing.ts";

const Card = record({
  suit: t.enum("clubs", "hearts"),
  rank: t.int(),
  holder: t.principal().optional(),
  face: t.string().visibleTo((card, viewer) => card.holder === viewer.principal),
});

/** The example of DESIGN.md, filled in. */
const game = defineDocument({
  space: "board-game",
  version: 2,
  state: {
    phase: t.enum("lobby", "play", "over"),
    players: t.map(record({ score: t.int(), joinedAt: t.timestamp() })),
    cards: t.table(Card),
    seed: t.int().private(),
  },
  computed: {
    leader: (doc) => {
      const [best] = doc.players.entries().sort(([, a], [, b]) => b.score - a.score);
      return best?.[0];
    },
  },
  views: {
    hand: (doc, viewer) => doc.cards.where({ holder: viewer.principal }).orderBy("rank"),
    zoomed: (_doc, _viewer, viewState) => (viewState === undefined ? 0 : viewState.zoom * 2),
  },
  viewState: z.object({ zoom: z.number() }),
  access: { create: ({ agent }) => agent !== "guest" },
  onCreate(doc, arg: { seed: number }) {
    doc.seed = arg.seed;
  },
  onConnect(doc, ctx) {
    doc.players.getOrInsert(ctx.principal.agent, { score: 0, joinedAt: ctx.now });
  },
  onDisconnect(doc, ctx) {
    doc.players.delete(ctx.principal.agent);
  },
  timers: {
    over(doc) {
      doc.phase = "over";
    },
  },
  messages: (message) => ({
    deal: message(z.object({ to: z.string(), rank: z.int() }), (doc, arg) => {
      const card = doc.cards.insert({
        suit: "hearts",
        rank: arg.rank,
        holder: { agent: arg.to, authority: "test" },
        face: `secret of ${arg.to} ${arg.rank}`,
      });
      return { id: card.id };
    }),
    play: message(z.object({ tile: z.int() }), (doc, arg, ctx) => {
      const player = doc.players.get(ctx.principal.agent);
      if (player === undefined) return ctx.reject("not_playing", { tile: arg.tile });
      player.score += arg.tile;
      ctx.after("30s", "over");
      return { score: player.score };
    }),
    shuffle: message((doc, _arg, ctx) => {
      const ids = doc.cards.map((card) => card.id);
      for (const id of ids) doc.cards.move(id, ids[ctx.random.below(ids.length)]);
    }),
  }),
  migrate: { 1: () => {} },
});

describe("the test kit", () => {
  test("lets an author play a document", () => {
    const document = createTestDocument(game);
    document.create("host", { seed: 9 });
    const ann = document.connect("ann");
    const bob = document.connect("bob", { zoom: 3 });
    expect(ann.send("deal", { to: "ann", rank: 4 })).toEqual({ id: "1" });
    bob.send("deal", { to: "ann", rank: 2 });
    expect(ann.view.hand).toMatchObject([{ rank: 2 }, { rank: 4, face: "secret of ann 4" }]);
    expect(bob.view.cards).toMatchObject([{ rank: 4 }, { rank: 2 }]);
    expect(bob.received).not.toContain("secret");
    expect(ann.received).not.toContain("seed");
    expect(ann.send("play", { tile: 5 })).toEqual({ score: 5 });
    expect(bob.view.leader).toBe("ann");
    expect(bob.view.zoomed).toBe(6);
    bob.updateViewState({ zoom: 5 });
    expect(bob.view.zoomed).toBe(10);
    expect(ann.view.zoomed).toBe(0);
    document.advance(29_999);
    expect(ann.view.phase).toBe("lobby");
    document.reload();
    document.advance(1);
    expect(ann.view.phase).toBe("over");
    bob.disconnect();
    expect(Object.keys(ann.view.players)).toEqual(["ann"]);
    ann.send("shuffle");
    expect(document.view("carol").cards).toHaveLength(2);
    expect(document.faults).toEqual([]);
  });

  test("tells why a message was refused", () => {
    const document = createTestDocument(game);
    expect(() => document.create("guest", { seed: 1 })).toThrow(expect.objectContaining({ code: "forbidden" }));
    document.create("host", { seed: 1 });
    const refusal = catchRejected(() => document.send("nobody", "play", { tile: 1 }));
    expect(refusal.code).toBe("not_playing");
    expect(refusal.data).toEqual({ tile: 1 });
    expect(catchRejected(() => document.send("nobody", "play", { tile: "x" } as never)).code).toBe("invalid_argument");
    document.delete("host");
    expect(document.exists).toBe(false);
  });

  test("says in the text what its author has to know: runners print little else", () => {
    const document = createTestDocument(game);
    document.create("host", { seed: 1 });
    const textOf = (action: () => unknown): string => catchRejected(action).message;
    expect(textOf(() => document.send("host", "play", { tile: 1 }))).toBe('refused: not_playing {"tile":1}');
    expect(textOf(() => document.send("host", "play", { tile: "x" } as never))).toMatch(
      /^refused: invalid_argument: arg is not what the message takes: tile: Invalid input: expected number/,
    );
    expect(textOf(() => document.send("host", "deal", { to: "x".repeat(5_000), rank: 1 }))).toMatch(
      /^refused: handler_failed: .*holder/,
    );
    expect(textOf(() => document.create("guest", { seed: 1 }))).toMatch(/^refused: forbidden: /);
  });

  test("goes on after a view state that was refused", () => {
    const document = createTestDocument(game);
    document.create("host", { seed: 1 });
    const ann = document.connect("ann", { zoom: 1 });
    expect(catchRejected(() => document.connect("bob", { zoom: "x" } as never)).code).toBe("invalid_argument");
    expect(catchRejected(() => ann.updateViewState({ zoom: "x" } as never)).code).toBe("invalid_argument");
    ann.send("play", { tile: 1 });
    expect(ann.view.zoomed).toBe(2);
    expect(Object.keys(ann.view.players)).toEqual(["ann"]);
  });

  test("finds policies that are not functions of the state", () => {
    let isOpen = false;
    const document = createTestDocument(
      defineDocument({
        space: "impure",
        createsOnDemand: true,
        state: { count: t.int(), rows: t.table(record({ n: t.int() }).visibleTo(() => isOpen)) },
        messages: (message) => ({
          insert: message((doc) => void doc.rows.insert({ n: 1 })),
          count: message((doc) => void doc.count++),
        }),
      }),
    );
    document.connect("ann");
    document.send("ann", "insert");
    isOpen = true;
    expect(() => document.send("ann", "count")).toThrow(/hash|should see/);
  });
});

function catchRejected(action: () => unknown): Rejected {
  try {
    action();
  } catch (thrown) {
    if (thrown instanceof Rejected) return thrown;
    throw thrown;
  }
  throw new Error("nothing was refused");
}
