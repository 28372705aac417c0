/** The items beginning with another one each round, so that none is always first or always behind the same neighbour. */
export function rotated<Item>(items: readonly Item[], round: number): Item[] {
  return items.map((_, place) => items[(place + round) % items.length]!);
}
