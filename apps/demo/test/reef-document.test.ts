import { describe, expect, test } from "@jest/globals";
import { ViewReplica } from "@tidewire/delta";
import { compileDocument, type DocumentInstance, type Viewer } from "@tidewire/document";
import { SeededRandom } from "@tidewire/foundation";
import { HAND_SIZE, legalCells, type PlacedTile, reef, type Tile } from "../src/index.ts";

interface View {
  readonly phase: string;
  readonly turn?: string;
  readonly me?: string;
  readonly inBag: number;
  readonly players: readonly { readonly id: string; readonly score: number; readonly held: number }[];
  readonly board: readonly (PlacedTile & { readonly id: string })[];
  readonly hand: readonly (Tile & { readonly id: string; readonly grain: string })[];
}

/** A table of players at one document, each with a copy of the view made from frames alone. */
class TableOfPlayers {
  readonly agents = ["ada", "ben", "cleo", "dan"];
  readonly instance: DocumentInstance;
  readonly frames = new Map<string, string[]>();
  readonly #replicas = new Map<string, ViewReplica>();
  #now = 1_000;

  constructor() {
    this.instance = compileDocument(reef).open({ space: "reef", key: "g" }, { seq: 0, isDeleted: false, patches: [] });
    this.#execute("ada", { kind: "create" });
    for (const agent of this.agents) {
      this.#replicas.set(agent, new ViewReplica());
      this.frames.set(agent, []);
      this.instance.attach({ id: agent, principal: principal(agent), hashEvery: true, credit: 1_000_000 });
    }
    this.#deliver();
  }

  send(agent: string, message: string, arg: object = {}): { code?: string } {
    const outcome = this.#execute(agent, { kind: "message", message, arg: JSON.stringify(arg) });
    this.#deliver();
    return outcome;
  }

  view(agent: string): View {
    return this.#replicas.get(agent)!.value as unknown as View;
  }

  #execute(
    agent: string,
    command: { kind: "create" } | { kind: "message"; message: string; arg: string },
  ): { code?: string } {
    const outcome = this.instance.execute({ ...command, principal: principal(agent) }, this.#now++);
    this.instance.takePatch();
    return outcome.status === "done"
      ? {}
      : { code: (outcome.error.details?.["code"] as string | undefined) ?? outcome.error.code };
  }

  #deliver(): void {
    this.instance.deliver(this.#now, (viewers: readonly Viewer[], frame) => {
      const text = Buffer.from(frame.data).toString("utf8");
      for (const viewer of viewers) {
        this.frames.get(viewer.id)!.push(text);
        const replica = this.#replicas.get(viewer.id)!;
        const root = JSON.parse(text) as never;
        expect(frame.kind === "snapshot" ? replica.applySnapshot(root) : replica.applyDelta(root)).toBe("match");
      }
    });
  }
}

const principal = (agent: string) => ({ agent, authority: "dev" });

describe("the document of Reef", () => {
  test.each([1, 2, 3, 4, 5])("a whole game by seed %i: tiles are conserved, hands private, moves judged", (seed) => {
    const random = new SeededRandom(seed);
    const table = new TableOfPlayers();
    for (const agent of table.agents) expect(table.send(agent, "sit", { name: agent })).toEqual({});
    expect(table.send("ada", "sit", { name: "again" })).toEqual({ code: "already_seated" });
    expect(table.send("eve", "sit", { name: "eve" })).toEqual({ code: "table_is_full" });
    expect(table.send("eve", "start")).toEqual({ code: "not_seated" });
    expect(table.send("ada", "start")).toEqual({});

    const grains = new Map<string, Set<string>>(table.agents.map((agent) => [agent, new Set()]));
    let turns = 0;
    while (table.view("ada").phase === "play") {
      if (++turns > 400) throw new Error(`seed ${seed}: the game does not end`);
      const views = table.agents.map((agent) => table.view(agent));
      for (const [seat, view] of views.entries()) {
        expect(view.hand).toHaveLength(view.players[seat]!.held);
        for (const tile of view.hand) grains.get(table.agents[seat]!)!.add(tile.grain);
      }
      const held = views.reduce((sum, view) => sum + view.hand.length, 0);
      expect(held + views[0]!.board.length + views[0]!.inBag).toBe(48);

      const seat = views.findIndex((view) => view.turn === view.me);
      const agent = table.agents[seat]!;
      const other = table.agents[(seat + 1) % 4]!;
      const [first] = views[seat]!.hand;
      expect(table.send(other, "pass")).toEqual({ code: "not_your_turn" });
      if (first !== undefined) {
        // Someone else's tile, and one that never was: the same answer.
        const foreign = table.view(other).hand[0];
        if (foreign !== undefined)
          expect(table.send(agent, "place", { tile: foreign.id, x: 0, y: 0 })).toEqual({ code: "no_such_tile" });
        expect(table.send(agent, "place", { tile: "999", x: 0, y: 0 })).toEqual({ code: "no_such_tile" });
        const start = views[0]!.board[0]!;
        expect(table.send(agent, "place", { tile: first.id, x: start.x, y: start.y })).toEqual({ code: "cell_taken" });
      }
      takeTurn(table, agent, random);
    }
    expect(table.view("ada").players.some((player) => player.score > 0)).toBe(true);
    for (const agent of table.agents) {
      for (const other of table.agents.filter((candidate) => candidate !== agent)) {
        const received = table.frames.get(other)!.join("\n");
        for (const grain of grains.get(agent)!) expect(received).not.toContain(grain);
      }
    }
    expect(table.send("ada", "again")).toEqual({});
    expect(table.view("dan").hand).toHaveLength(HAND_SIZE);
    expect(table.view("dan").board).toHaveLength(1);
  });

  test("passing is only for those who can do nothing else", () => {
    const table = new TableOfPlayers();
    for (const agent of ["ada", "ben"]) table.send(agent, "sit", { name: agent });
    table.send("ben", "start");
    expect(["you_can_place", "you_can_swap"]).toContain(table.send("ada", "pass").code);
  });
});

function takeTurn(table: TableOfPlayers, agent: string, random: SeededRandom): void {
  const view = table.view(agent);
  for (const tile of view.hand) {
    const cells = legalCells(view.board, tile);
    if (cells.length === 0) continue;
    const cell = cells[random.below(cells.length)]!;
    expect(table.send(agent, "place", { tile: tile.id, ...cell })).toEqual({});
    return;
  }
  const [tile] = view.hand;
  if (tile !== undefined && view.inBag > 0) expect(table.send(agent, "swap", { tile: tile.id })).toEqual({});
  else expect(table.send(agent, "pass")).toEqual({});
}
