import { type DocumentContext, type DocumentOf, defineDocument, record, t } from "@tidewire/document";
import type { Principal } from "@tidewire/foundation";
import { z } from "zod";

/**
 * Sizes of the reference game: a document of about 40 KB, a view of about 7.5 KB for each of four players, and about 365 B
 * of changes per action and player. Every third action of a player also draws a card, which only that player sees.
 */
export const GAME = { players: 4, sites: 34, handSize: 14, deckSize: 190, memoLength: 84, drawEvery: 3 } as const;

const Site = record({
  name: t.string(),
  owner: t.string(),
  kind: t.string(),
  level: t.int(),
  yield: t.int(),
  contested: t.boolean(),
});

const Player = record({
  who: t.principal(),
  name: t.string(),
  gold: t.int(),
  timber: t.int(),
  points: t.int(),
  actions: t.int(),
});

/** In a hand, or in the deck when nobody holds it. */
const Card = record({
  holder: t.principal().optional(),
  kind: t.string(),
  cost: t.int(),
  value: t.int(),
  text: t.string(),
}).visibleTo((card, viewer) => card.holder === viewer.principal);

const LastAction = record({
  player: t.string(),
  site: t.string(),
  gain: t.int(),
  /** Random text, so that no encoding can guess it. */
  memo: t.string(),
});

const state = {
  round: t.int().default(0),
  turn: t.int().default(0),
  active: t.string().optional(),
  players: t.table(Player),
  sites: t.table(Site),
  cards: t.table(Card).index("holder").private(),
  last: LastAction.optional(),
};
type BoardGame = DocumentOf<typeof state>;

const ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz";
const KINDS = ["harbour", "market", "quarry", "orchard", "foundry", "library"];

/** The 802-action game of the benchmarks: public board, private hands, hidden deck. */
export const boardGame = defineDocument({
  space: "bench-game",
  version: 1,
  state,
  views: {
    hand: (doc, viewer) => doc.cards.where({ holder: viewer.principal }).orderBy("cost"),
  },
  onCreate(doc, arg: { readonly players: readonly string[] }, ctx) {
    for (const agent of arg.players) {
      doc.players.insert({
        who: { agent, authority: "dev" },
        name: `${agent} of the northern shore`,
        gold: 10,
        timber: 10,
        points: 0,
        actions: 0,
      });
    }
    for (let site = 0; site < GAME.sites; site++) {
      doc.sites.insert({
        name: `site ${site + 1} at the ${pick(KINDS, ctx)}`,
        owner: "",
        kind: pick(KINDS, ctx),
        level: 0,
        yield: 1 + ctx.random.below(5),
        contested: false,
      });
    }
    for (let card = 0; card < GAME.deckSize; card++) insertCard(doc, ctx);
    for (const player of doc.players) for (let card = 0; card < GAME.handSize; card++) draw(doc, ctx, player.who);
    doc.active = doc.players.first()!.id;
  },
  messages: (message) => ({
    /** Puts a card to work on a site, pays for it and scores; now and then the card is worn out and another one drawn. */
    act: message(z.strictObject({ site: z.int().min(0), card: z.int().min(0) }), (doc, arg, ctx) => {
      const player = doc.players.get(doc.active!)!;
      if (player.who !== ctx.principal) return ctx.reject("not_your_turn");
      const hand = doc.cards.where({ holder: ctx.principal }).orderBy("cost").toArray();
      const card = hand[arg.card % hand.length]!;
      const site = doc.sites.toArray()[arg.site % doc.sites.size]!;
      const gain = card.value + site.yield;
      site.contested = site.owner !== "" && site.owner !== player.id;
      site.owner = player.id;
      site.kind = card.kind;
      site.level += 1;
      player.gold += gain - card.cost;
      player.timber += site.yield;
      player.points += gain;
      player.actions += 1;
      doc.last = { player: player.id, site: site.id, gain, memo: memo(ctx, GAME.memoLength) };
      if (player.actions % GAME.drawEvery === 0) {
        doc.cards.delete(card.id);
        insertCard(doc, ctx);
        draw(doc, ctx, player.who);
      }
      doc.turn += 1;
      if (doc.turn % GAME.players === 0) doc.round += 1;
      doc.active = doc.players.toArray()[doc.turn % GAME.players]!.id;
      return { gain };
    }),
  }),
});

function insertCard(doc: BoardGame, ctx: DocumentContext): void {
  const kind = pick(KINDS, ctx);
  const cost = ctx.random.below(6);
  const value = ctx.random.below(9);
  doc.cards.insert({ kind, cost, value, text: `pay ${cost} and gain ${value} at a ${kind}; ${memo(ctx, 60)}` });
}

function draw(doc: BoardGame, ctx: DocumentContext, holder: Principal): void {
  const deck = doc.cards.where({ holder: undefined }).toArray();
  deck[ctx.random.below(deck.length)]!.holder = holder;
}

function pick<Value>(values: readonly Value[], ctx: DocumentContext): Value {
  return values[ctx.random.below(values.length)]!;
}

function memo(ctx: DocumentContext, length: number): string {
  let text = "";
  for (let index = 0; index < length; index++) text += ALPHABET[ctx.random.below(36)]!;
  return text;
}
