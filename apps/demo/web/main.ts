import { TidewireClient } from "@tidewire/client";
import { render } from "lit-html";
import { Game } from "./game.ts";
import { devToken, randomKey } from "./identity.ts";
import { table, welcome } from "./screens.ts";

const root = document.getElementById("app")!;
const client = new TidewireClient({ url: location.origin, token: devToken() });

let game: Game | undefined;

function show(): void {
  render(game === undefined ? welcome(() => void newGame()) : table(game), root);
}

async function newGame(): Promise<void> {
  const key = randomKey(12);
  await client.document("reef", key).create();
  location.hash = `#/g/${key}`;
}

/** `#/g/KEY` is a game; everything else the welcome page. */
function route(): void {
  const key = /^#\/g\/([A-Za-z0-9._-]{1,511})$/.exec(location.hash)?.[1];
  if (key !== game?.key) {
    game?.leave();
    game = key === undefined ? undefined : new Game(client, key, show);
  }
  show();
}

addEventListener("hashchange", route);
route();
