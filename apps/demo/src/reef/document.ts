import { type DocumentContext, type DocumentOf, defineDocument, record, t } from "@tidewire/document";
import { z } from "zod";
import {
  BOARD_SIZE,
  fullBag,
  HAND_SIZE,
  judgePlacement,
  legalCells,
  PLAYERS_MAX,
  PLAYERS_MIN,
  SPECIES,
} from "./rules.ts";

const Player = record({
  who: t.principal(),
  name: t.string(24),
  score: t.int().default(0),
  /** How many tiles the player holds: everyone may know that, not which. */
  held: t.int().default(0),
});

const PlacedTile = record({
  x: t.int(),
  y: t.int(),
  species: t.enum(...SPECIES),
  rank: t.int(),
  /** Player id; absent for the tile the game starts with. */
  by: t.string().optional(),
});

/** A tile in the bag (no holder) or in a hand. Nobody but its holder learns that it exists. */
const HiddenTile = record({
  holder: t.principal().optional(),
  species: t.enum(...SPECIES),
  rank: t.int(),
  /** Varies the drawing of the tile in its holder's hand. Random and never public, so it also shows any leak. */
  grain: t.string(12),
}).visibleTo((tile, viewer) => tile.holder === viewer.principal);

const LastMove = record({
  player: t.string(),
  kind: t.enum("placed", "swapped", "passed"),
  points: t.int(),
});

const state = {
  phase: t.enum("lobby", "play", "over"),
  players: t.table(Player),
  /** Player id of whoever has the turn. */
  turn: t.string().optional(),
  board: t.table(PlacedTile),
  /** Seen through the view `hand` only. */
  tiles: t.table(HiddenTile).index("holder").private(),
  /** How many tiles are still in the bag. */
  inBag: t.int().default(0),
  /** Turns in a row in which nobody placed a tile. */
  idleTurns: t.int().default(0),
  last: LastMove.optional(),
};

type ReefDocument = DocumentOf<typeof state>;
type ReefPlayer = NonNullable<ReturnType<ReefDocument["players"]["get"]>>;

/** Reef: a tile-laying game for two to four. Public board, private hands, hidden bag, one turn at a time. */
export const reef = defineDocument({
  space: "reef",
  version: 1,
  state,
  views: {
    hand: (doc, viewer) => doc.tiles.where({ holder: viewer.principal }),
    me: (doc, viewer) => doc.players.where({ who: viewer.principal }).first()?.id,
  },
  messages: (message) => ({
    sit: message(z.strictObject({ name: z.string().trim().min(1).max(24) }), (doc, arg, ctx) => {
      if (doc.phase !== "lobby") ctx.reject("game_has_started");
      if (doc.players.where({ who: ctx.principal }).count() > 0) ctx.reject("already_seated");
      if (doc.players.size >= PLAYERS_MAX) ctx.reject("table_is_full");
      const player = doc.players.insert({ who: ctx.principal, name: arg.name });
      return { player: player.id };
    }),

    start: message(z.strictObject({}), (doc, _arg, ctx) => {
      if (doc.phase !== "lobby") ctx.reject("game_has_started");
      if (doc.players.where({ who: ctx.principal }).count() === 0) ctx.reject("not_seated");
      if (doc.players.size < PLAYERS_MIN) ctx.reject("too_few_players", { needed: PLAYERS_MIN });
      deal(doc, ctx);
    }),

    /** Places a tile of the caller's hand. */
    place: message(z.strictObject({ tile: z.string(), x: z.int(), y: z.int() }), (doc, arg, ctx) => {
      const player = onTurn(doc, ctx);
      const tile = doc.tiles.get(arg.tile);
      // A tile of someone else and a tile that does not exist are answered alike: the answer must tell nothing.
      if (tile === undefined || tile.holder !== ctx.principal) return ctx.reject("no_such_tile");
      const judged = judgePlacement(doc.board.toArray(), tile, arg.x, arg.y);
      if (typeof judged === "string") return ctx.reject(judged);
      doc.board.insert({ x: arg.x, y: arg.y, species: tile.species, rank: tile.rank, by: player.id });
      doc.tiles.delete(tile.id);
      player.held -= 1;
      player.score += judged.points;
      doc.idleTurns = 0;
      draw(doc, ctx, player);
      endTurn(doc, player, "placed", judged.points);
      return { points: judged.points, closedPools: judged.closedPools };
    }),

    /** Puts a tile back into the bag for another one; the turn is over. */
    swap: message(z.strictObject({ tile: z.string() }), (doc, arg, ctx) => {
      const player = onTurn(doc, ctx);
      const tile = doc.tiles.get(arg.tile);
      if (tile === undefined || tile.holder !== ctx.principal) return ctx.reject("no_such_tile");
      if (doc.inBag === 0) return ctx.reject("bag_is_empty");
      draw(doc, ctx, player, 1);
      // The swapped tile goes back as a new one, so that its id cannot be followed.
      const { species, rank } = tile;
      doc.tiles.delete(tile.id);
      doc.tiles.insert({ species, rank, grain: grain(ctx) });
      player.held -= 1;
      doc.inBag += 1;
      doc.idleTurns += 1;
      endTurn(doc, player, "swapped", 0);
      return {};
    }),

    /** Only for a player with nothing to place and nothing to swap for. */
    pass: message(z.strictObject({}), (doc, _arg, ctx) => {
      const player = onTurn(doc, ctx);
      const board = doc.board.toArray();
      const canPlace = doc.tiles.where({ holder: ctx.principal }).some((tile) => legalCells(board, tile).length > 0);
      if (canPlace) ctx.reject("you_can_place");
      if (doc.inBag > 0) ctx.reject("you_can_swap");
      doc.idleTurns += 1;
      endTurn(doc, player, "passed", 0);
      return {};
    }),

    /** The same players play again. */
    again: message(z.strictObject({}), (doc, _arg, ctx) => {
      if (doc.phase !== "over") ctx.reject("game_is_not_over");
      if (doc.players.where({ who: ctx.principal }).count() === 0) ctx.reject("not_seated");
      doc.board.clear();
      doc.tiles.clear();
      doc.last = undefined;
      doc.idleTurns = 0;
      for (const player of doc.players) {
        player.score = 0;
        player.held = 0;
      }
      deal(doc, ctx);
    }),
  }),
});

/** The caller's player, if it is their turn. */
function onTurn(doc: ReefDocument, ctx: DocumentContext): ReefPlayer {
  if (doc.phase !== "play") return ctx.reject("no_game_runs");
  const player = doc.players.where({ who: ctx.principal }).first();
  if (player === undefined) return ctx.reject("not_seated");
  if (doc.turn !== player.id) return ctx.reject("not_your_turn", { turn: doc.turn });
  return player;
}

function deal(doc: ReefDocument, ctx: DocumentContext): void {
  for (const tile of fullBag()) doc.tiles.insert({ ...tile, grain: grain(ctx) });
  doc.inBag = doc.tiles.size;
  const first = takeFromBag(doc, ctx);
  doc.board.insert({ x: BOARD_SIZE / 2, y: BOARD_SIZE / 2, species: first.species, rank: first.rank });
  doc.tiles.delete(first.id);
  for (const player of doc.players) draw(doc, ctx, player, HAND_SIZE);
  doc.phase = "play";
  doc.turn = doc.players.first()!.id;
}

/** Moves tiles from the bag to the player's hand: as many as are missing, or as are asked for. */
function draw(doc: ReefDocument, ctx: DocumentContext, player: ReefPlayer, wanted = HAND_SIZE - player.held): void {
  for (let drawn = 0; drawn < wanted && doc.inBag > 0; drawn++) {
    takeFromBag(doc, ctx).holder = player.who;
    player.held += 1;
  }
}

function takeFromBag(doc: ReefDocument, ctx: DocumentContext) {
  const bag = doc.tiles.where({ holder: undefined }).toArray();
  doc.inBag -= 1;
  return bag[ctx.random.below(bag.length)]!;
}

function grain(ctx: DocumentContext): string {
  return `${ctx.random.bits().toString(36)}${ctx.random.bits().toString(36)}`.slice(0, 12).padStart(12, "0");
}

function endTurn(doc: ReefDocument, player: ReefPlayer, kind: "placed" | "swapped" | "passed", points: number): void {
  doc.last = { player: player.id, kind, points };
  const isOut = player.held === 0 && doc.inBag === 0;
  // Two full rounds without a placement: nobody can or wants to go on.
  if (isOut || doc.idleTurns >= doc.players.size * 2) {
    doc.phase = "over";
    doc.turn = undefined;
    return;
  }
  const seats = doc.players.toArray();
  const seat = seats.findIndex((candidate) => candidate.id === player.id);
  doc.turn = seats[(seat + 1) % seats.length]!.id;
}
