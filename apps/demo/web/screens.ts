import { html, nothing, type TemplateResult } from "lit-html";
import { PLAYERS_MAX, PLAYERS_MIN } from "../src/reef/rules.ts";
import { boardTemplate } from "./board.ts";
import type { Game } from "./game.ts";
import { rememberedName, rememberName } from "./identity.ts";
import type { ReefPlayer, ReefView } from "./reef-view.ts";
import { speciesArt } from "./tile-art.ts";

/** The first thing a visitor sees. */
export function welcome(onNewGame: () => void): TemplateResult {
  return html`<main class="welcome">
    <h1>Reef</h1>
    <p>Grow a reef together, tile by tile, and outscore the others. Two to four players, about ten minutes.</p>
    <button class="primary" data-action="new-game" @click=${onNewGame}>Start a new game</button>
    <ul class="rules">
      <li>${speciesArt("coral")}<span>A tile must touch the reef, and match each neighbour: <b>same species</b>, or <b>ranks at most one apart</b>.</span></li>
      <li>${speciesArt("kelp")}<span>Every neighbour of your species brings <b>2</b>, every other one <b>1</b>.</span></li>
      <li>${speciesArt("pearl")}<span>Close a pool, a cell with no free side, for <b>5</b> more.</span></li>
    </ul>
  </main>`;
}

/** A game in any of its phases. */
export function table(game: Game): TemplateResult {
  const { view, connection, error } = game.state;
  return html`<header>
      <a class="wordmark" href="#/">Reef</a>
      <span class="connection ${connection}" data-connection=${connection}>${connection}</span>
    </header>
    ${
      view === undefined
        ? html`<main class="loading">${error === undefined ? "Diving…" : error}</main>`
        : view.phase === "lobby"
          ? lobby(game, view)
          : play(game, view)
    }
    ${error === undefined ? nothing : html`<div class="toast" role="alert">${error}</div>`}`;
}

function lobby(game: Game, view: ReefView): TemplateResult {
  const link = location.href;
  const isSeated = view.me !== undefined;
  const onSit = (event: SubmitEvent): void => {
    event.preventDefault();
    const name = ((event.target as HTMLFormElement).elements.namedItem("name") as HTMLInputElement).value.trim();
    if (name === "") return;
    rememberName(name);
    void game.sit(name);
  };
  return html`<main class="lobby">
    <h2>Gather round</h2>
    <p>Send this link to up to ${PLAYERS_MAX - 1} friends:</p>
    <div class="share">
      <input readonly aria-label="link to this game" .value=${link} />
      <button @click=${() => void navigator.clipboard?.writeText(link)}>Copy</button>
    </div>
    <ol class="seats">
      ${Array.from({ length: PLAYERS_MAX }, (_, seat) => {
        const player = view.players[seat];
        return html`<li class=${player === undefined ? "free" : `p${seat}`}>
          ${player === undefined ? "free seat" : player.name}${player !== undefined && player.id === view.me ? " (you)" : ""}
        </li>`;
      })}
    </ol>
    ${
      isSeated
        ? html`<button
            class="primary"
            data-action="start"
            ?disabled=${view.players.length < PLAYERS_MIN}
            @click=${() => void game.start()}
          >
            ${view.players.length < PLAYERS_MIN ? "Waiting for another player" : `Start with ${view.players.length} players`}
          </button>`
        : view.players.length < PLAYERS_MAX
          ? html`<form class="sit" @submit=${onSit}>
              <input name="name" required maxlength="24" autocomplete="off" placeholder="Your name" .defaultValue=${rememberedName()} />
              <button class="primary" data-action="sit">Take a seat</button>
            </form>`
          : html`<p>All seats are taken; you can watch.</p>`
    }
  </main>`;
}

function play(game: Game, view: ReefView): TemplateResult {
  return html`<main class="play" data-phase=${view.phase} data-my-turn=${String(game.isMyTurn)}>
    <section class="sea">${boardTemplate(game, view)}</section>
    <aside>
      <ol class="players">
        ${view.players.map((player, seat) => playerRow(view, player, seat))}
      </ol>
      <p class="bag"><b data-bag>${view.inBag}</b> tiles in the bag</p>
      ${view.last === undefined ? nothing : html`<p class="last">${lastMove(view)}</p>`}
      ${view.phase === "over" ? result(game, view) : nothing}
    </aside>
    ${view.me === undefined ? html`<p class="spectator">You are watching.</p>` : hand(game, view)}
  </main>`;
}

function playerRow(view: ReefView, player: ReefPlayer, seat: number): TemplateResult {
  const isOnTurn = view.turn === player.id;
  return html`<li class="p${seat} ${isOnTurn ? "on-turn" : ""}" data-player=${player.id}>
    <span class="name">${player.name}${player.id === view.me ? html`<small>you</small>` : nothing}</span>
    <span class="held" title="tiles in hand">${"▪".repeat(player.held)}</span>
    <span class="score" data-score>${player.score}</span>
  </li>`;
}

function lastMove(view: ReefView): string {
  const name = view.players.find((player) => player.id === view.last!.player)?.name ?? "Someone";
  switch (view.last!.kind) {
    case "placed":
      return `${name} placed a tile for ${view.last!.points}`;
    case "swapped":
      return `${name} swapped a tile`;
    case "passed":
      return `${name} passed`;
  }
}

function result(game: Game, view: ReefView): TemplateResult {
  const best = Math.max(...view.players.map((player) => player.score));
  const winners = view.players.filter((player) => player.score === best).map((player) => player.name);
  return html`<div class="result" data-result>
    <h2>${winners.length === 1 ? `${winners[0]} wins` : `${winners.join(" and ")} share the reef`}</h2>
    ${view.me === undefined ? nothing : html`<button class="primary" data-action="again" @click=${() => void game.again()}>Play again</button>`}
  </div>`;
}

function hand(game: Game, view: ReefView): TemplateResult {
  const { selected } = game.state;
  const canAct = game.isMyTurn;
  return html`<section class="hand ${canAct ? "active" : ""}" aria-label="your tiles">
    <p class="prompt">
      ${
        view.phase === "over"
          ? "The reef is grown."
          : !canAct
            ? "Wait for your turn."
            : game.isStuck
              ? "Nothing fits: swap a tile, or pass."
              : selected === undefined
                ? "Your turn: choose a tile."
                : "Now choose a glowing cell."
      }
    </p>
    <div class="tiles">
      ${view.hand.map(
        (tile) => html`<button
          class="tile ${tile.species} ${selected?.id === tile.id ? "selected" : ""}"
          data-tile=${tile.id}
          data-species=${tile.species}
          data-rank=${tile.rank}
          style="--grain:${parseInt(tile.grain, 36) % 360}deg"
          aria-pressed=${selected?.id === tile.id}
          aria-label="${tile.species} ${tile.rank}"
          ?disabled=${!canAct}
          @click=${() => game.select(tile.id)}
        >
          ${speciesArt(tile.species)}<span>${tile.rank}</span>
        </button>`,
      )}
    </div>
    <div class="actions">
      <button data-action="swap" ?disabled=${!canAct || selected === undefined || view.inBag === 0} @click=${() => void game.swap()}>Swap</button>
      <button data-action="pass" ?disabled=${!canAct || !game.isStuck || view.inBag > 0} @click=${() => void game.pass()}>Pass</button>
    </div>
  </section>`;
}
