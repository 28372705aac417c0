import { expect, test } from "@jest/globals";
import { z } from "zod";
import { type DocumentMessages, type DocumentView, defineDocument, message, record, t } from "../src/index.ts";
import { createTestDocument } from "../src/testing.ts";

const Player = record({ name: t.string(), score: t.int() });

/** The sketch of the design as it stands there, its dots filled in. What is expected to be an error shows what is known. */
// biome-ignore format: as the design has it
const Card = record({ suit: t.enum("clubs", "hearts"), rank: t.int(), holder: t.principal().optional(),
  face: t.string().visibleTo((card, viewer) => card.holder === viewer.principal) });
// biome-ignore format: as the design has it
const game = defineDocument({
  space: "board-game", version: 2,
  state:    { phase: t.enum("lobby", "play", "over"), players: t.map(Player), cards: t.table(Card), seed: t.int().private() },
  computed: { leader: (doc) => doc.players.orderBy("score", "desc").first()?.name },
  views:    { hand: (doc, viewer, viewState) => doc.cards.where({ holder: viewer.principal }).orderBy("rank").limit(viewState?.zoom ?? 5) },
  viewState: z.object({ zoom: z.number() }),
  access:   { create: (principal) => principal.agent !== "", connect: (principal, doc) => doc.phase !== "over" || principal.agent !== "" },
  onCreate(doc, arg, ctx) {
    doc.seed = ctx.now + (arg ?? 0);
  },
  onConnect(doc, ctx) {
    doc.players.getOrInsert(ctx.principal.agent, { name: ctx.principal.agent, score: 0 });
  },
  onDisconnect(doc, ctx) {
    doc.players.delete(ctx.principal.agent);
  },
  messages: { play: message(z.object({ tile: z.int() }), (doc, arg, ctx) => {
    // @ts-expect-error -- another type
    const wrong: number = doc.phase;
    // @ts-expect-error -- no such field
    expect([wrong, doc.unknown]).toEqual(["lobby", undefined]);
    const leader: string | undefined = doc.leader;
    // @ts-expect-error -- another type of computed value
    const isLeader: boolean = doc.leader;
    // @ts-expect-error -- another type of argument
    const tile: string = arg.tile;
    expect([isLeader, tile]).toEqual([leader, arg.tile]);
    const player = doc.players.get(ctx.principal.agent);
    if (player === undefined) return ctx.reject("not_in_the_game");
    const score = (player.score += arg.tile);
    doc.cards.insert({ suit: "hearts", rank: arg.tile, holder: ctx.principal, face: "secret" });
    return { score };
  }) },
  migrate:  { 1: (doc) => { doc.phase = "lobby"; } },
});

test("the sketch of the design is a document, and its `message` knows it", () => {
  const document = createTestDocument(game);
  document.create("ann", 3);
  const ann = document.connect("ann");
  const bob = document.connect("bob", { zoom: 1 });
  const { score }: DocumentMessages<typeof game>["play"]["value"] = ann.send("play", { tile: 4 });
  // @ts-expect-error -- another type
  const text: string = score;
  expect([score, text]).toEqual([4, 4]);
  const view: DocumentView<typeof game> = bob.view;
  expect(view).toMatchObject({ phase: "lobby", leader: "ann", hand: [], cards: [{ rank: 4 }] });
  expect(view.cards[0]).not.toHaveProperty("face");
  expect(ann.view.hand).toMatchObject([{ rank: 4, face: "secret" }]);
});
