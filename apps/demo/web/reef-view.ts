import type { PlacedTile, Species } from "../src/reef/rules.ts";

/** What the page gets to see of a game: the view of the document `reef`. */
export interface ReefView {
  readonly phase: "lobby" | "play" | "over";
  readonly players: readonly ReefPlayer[];
  readonly turn?: string;
  readonly board: readonly (PlacedTile & { readonly id: string; readonly by?: string })[];
  readonly inBag: number;
  readonly hand: readonly HandTile[];
  /** Player id of this window; absent for a spectator. */
  readonly me?: string;
  readonly last?: { readonly player: string; readonly kind: "placed" | "swapped" | "passed"; readonly points: number };
}

export interface ReefPlayer {
  readonly id: string;
  readonly name: string;
  readonly score: number;
  readonly held: number;
}

export interface HandTile {
  readonly id: string;
  readonly species: Species;
  readonly rank: number;
  readonly grain: string;
}
