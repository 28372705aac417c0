import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import {
  BOARD_SIZE,
  fits,
  fullBag,
  judgePlacement,
  legalCells,
  type PlacedTile,
  POOL_BONUS,
  SPECIES,
} from "../src/reef/rules.ts";

const tile = fc.record({ species: fc.constantFrom(...SPECIES), rank: fc.integer({ min: 1, max: 6 }) });
const start: PlacedTile = { x: 3, y: 3, species: "coral", rank: 3 };

describe("the rules of Reef", () => {
  test("the bag holds every tile twice", () => {
    expect(fullBag()).toHaveLength(48);
    expect(new Set(fullBag().map((each) => `${each.species}${each.rank}`)).size).toBe(24);
  });

  test("fitting is symmetric, and a tile fits itself", () => {
    fc.assert(
      fc.property(tile, tile, (a, b) => {
        expect(fits(a, b)).toBe(fits(b, a));
        expect(fits(a, a)).toBe(true);
      }),
    );
  });

  test.each([
    [{ species: "coral", rank: 6 }, 3, 2, { points: 2, closedPools: 0 }],
    [{ species: "kelp", rank: 4 }, 4, 3, { points: 1, closedPools: 0 }],
    [{ species: "kelp", rank: 6 }, 4, 3, "does_not_fit"],
    [{ species: "coral", rank: 1 }, 3, 3, "cell_taken"],
    [{ species: "coral", rank: 1 }, 0, 0, "not_adjacent"],
    [{ species: "coral", rank: 1 }, 4, 4, "not_adjacent"],
    [{ species: "coral", rank: 1 }, -1, 3, "off_board"],
    [{ species: "coral", rank: 1 }, 3, BOARD_SIZE, "off_board"],
    [{ species: "coral", rank: 1 }, 2.5, 3, "off_board"],
  ] as const)("%j at %d,%d is %j", (placed, x, y, expected) => {
    expect(judgePlacement([start], placed, x, y)).toEqual(expected);
  });

  test("closing a pool pays", () => {
    const around: PlacedTile[] = [
      { x: 3, y: 2, species: "coral", rank: 1 },
      { x: 4, y: 3, species: "coral", rank: 1 },
      { x: 2, y: 3, species: "coral", rank: 1 },
    ];
    expect(judgePlacement([start, ...around], { species: "coral", rank: 2 }, 3, 4)).toEqual({
      points: 2 + POOL_BONUS,
      closedPools: 1,
    });
  });

  test("the rim of the board closes a pool too", () => {
    const board: PlacedTile[] = [{ x: 1, y: 0, species: "kelp", rank: 1 }];
    const corner = judgePlacement(
      [...board, { x: 0, y: 1, species: "kelp", rank: 1 }],
      { species: "kelp", rank: 1 },
      0,
      0,
    );
    expect(corner).toEqual({ points: 4 + POOL_BONUS, closedPools: 1 });
  });

  test("legal cells are exactly the cells that are judged legal", () => {
    fc.assert(
      fc.property(tile, fc.array(tile, { maxLength: 12 }), (next, others) => {
        const board: PlacedTile[] = [start];
        for (const other of others) {
          const [cell] = legalCells(board, other);
          if (cell !== undefined) board.push({ ...other, ...cell });
        }
        const legal = new Set(legalCells(board, next).map(({ x, y }) => `${x},${y}`));
        for (let y = -1; y <= BOARD_SIZE; y++) {
          for (let x = -1; x <= BOARD_SIZE; x++) {
            expect(typeof judgePlacement(board, next, x, y) !== "string").toBe(legal.has(`${x},${y}`));
          }
        }
      }),
      { numRuns: 30 },
    );
  });
});
