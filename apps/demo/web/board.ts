import { html, type TemplateResult } from "lit-html";
import { BOARD_SIZE, judgePlacement, legalCells, tileAt } from "../src/reef/rules.ts";
import type { Game } from "./game.ts";
import type { ReefView } from "./reef-view.ts";
import { speciesArt } from "./tile-art.ts";

/** The board; with a tile selected, the cells it may go to glow and tell what they bring. */
export function boardTemplate(game: Game, view: ReefView): TemplateResult {
  const { selected } = game.state;
  const isChoosing = selected !== undefined && game.isMyTurn;
  const legal = new Set(isChoosing ? legalCells(view.board, selected).map(({ x, y }) => `${x},${y}`) : []);
  const cells: TemplateResult[] = [];
  for (let y = 0; y < BOARD_SIZE; y++) {
    for (let x = 0; x < BOARD_SIZE; x++) {
      const placed = tileAt(view.board, x, y);
      if (placed !== undefined) {
        const seat = view.players.findIndex((player) => player.id === placed.by);
        cells.push(
          html`<div class="cell tile ${placed.species} ${seat < 0 ? "" : `p${seat}`}" data-cell="${x},${y}" title="${placed.species} ${placed.rank}">
            ${speciesArt(placed.species)}<span>${placed.rank}</span>
          </div>`,
        );
      } else if (isChoosing && legal.has(`${x},${y}`)) {
        const judged = judgePlacement(view.board, selected, x, y);
        const points = typeof judged === "string" ? 0 : judged.points;
        cells.push(
          html`<button class="cell legal" data-cell="${x},${y}" data-legal aria-label="place here for ${points}" @click=${() => void game.place(x, y)}>
            +${points}
          </button>`,
        );
      } else cells.push(html`<div class="cell" data-cell="${x},${y}"></div>`);
    }
  }
  return html`<div class="board" style="--size:${BOARD_SIZE}">${cells}</div>`;
}
