/** The rules of Reef that the document enforces and the page shows: one source for both. */

export const SPECIES = ["coral", "kelp", "pearl", "urchin"] as const;
export type Species = (typeof SPECIES)[number];

export const BOARD_SIZE = 8;
export const HAND_SIZE = 5;
export const PLAYERS_MIN = 2;
export const PLAYERS_MAX = 4;
export const RANK_MAX = 6;
/** Each species and rank is in the bag this often. */
export const COPIES = 2;
/** A cell whose four neighbours are all taken is a closed pool. */
export const POOL_BONUS = 5;

export interface Tile {
  readonly species: Species;
  readonly rank: number;
}

export interface PlacedTile extends Tile {
  readonly x: number;
  readonly y: number;
}

export type PlacementFault = "off_board" | "cell_taken" | "not_adjacent" | "does_not_fit";

export interface Placement {
  readonly points: number;
  readonly closedPools: number;
}

const NEIGHBOURS = [
  [0, -1],
  [1, 0],
  [0, 1],
  [-1, 0],
] as const;

/** Two tiles may touch if they are of one species or their ranks differ by at most one. */
export function fits(a: Tile, b: Tile): boolean {
  return a.species === b.species || Math.abs(a.rank - b.rank) <= 1;
}

/** What placing a tile would bring, or why it is not allowed. */
export function judgePlacement(
  board: readonly PlacedTile[],
  tile: Tile,
  x: number,
  y: number,
): Placement | PlacementFault {
  if (!isOnBoard(x, y)) return "off_board";
  if (tileAt(board, x, y) !== undefined) return "cell_taken";
  const neighbours = neighboursOf(board, x, y);
  if (neighbours.length === 0) return "not_adjacent";
  if (!neighbours.every((neighbour) => fits(tile, neighbour))) return "does_not_fit";
  const matches = neighbours.reduce((sum, neighbour) => sum + (neighbour.species === tile.species ? 2 : 1), 0);
  const after = [...board, { ...tile, x, y }];
  // The new tile can close its own pool and those of its neighbours.
  const closedPools = [{ x, y }, ...neighbours].filter((at) => isClosed(after, at.x, at.y)).length;
  return { points: matches + closedPools * POOL_BONUS, closedPools };
}

/** Every cell where the tile may go. */
export function legalCells(board: readonly PlacedTile[], tile: Tile): { readonly x: number; readonly y: number }[] {
  const cells: { x: number; y: number }[] = [];
  for (let y = 0; y < BOARD_SIZE; y++) {
    for (let x = 0; x < BOARD_SIZE; x++) {
      if (typeof judgePlacement(board, tile, x, y) !== "string") cells.push({ x, y });
    }
  }
  return cells;
}

/** Every tile of the game, unshuffled. */
export function fullBag(): Tile[] {
  const tiles: Tile[] = [];
  for (const species of SPECIES) {
    for (let rank = 1; rank <= RANK_MAX; rank++) {
      for (let copy = 0; copy < COPIES; copy++) tiles.push({ species, rank });
    }
  }
  return tiles;
}

export function tileAt<Placed extends PlacedTile>(board: readonly Placed[], x: number, y: number): Placed | undefined {
  return board.find((placed) => placed.x === x && placed.y === y);
}

function isOnBoard(x: number, y: number): boolean {
  return Number.isInteger(x) && Number.isInteger(y) && x >= 0 && y >= 0 && x < BOARD_SIZE && y < BOARD_SIZE;
}

function neighboursOf(board: readonly PlacedTile[], x: number, y: number): PlacedTile[] {
  return NEIGHBOURS.map(([dx, dy]) => tileAt(board, x + dx, y + dy)).filter((tile) => tile !== undefined);
}

/** Off the board counts as taken, so that the rim can be closed too. */
function isClosed(board: readonly PlacedTile[], x: number, y: number): boolean {
  return NEIGHBOURS.every(([dx, dy]) => !isOnBoard(x + dx, y + dy) || tileAt(board, x + dx, y + dy) !== undefined);
}
