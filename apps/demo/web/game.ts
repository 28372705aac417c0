import { type TidewireClient, type TidewireDocument, TidewireError, type Unsubscribe } from "@tidewire/client";
import { legalCells } from "../src/reef/rules.ts";
import type { HandTile, ReefView } from "./reef-view.ts";

/** Words for the codes the document refuses moves with. */
const refusals: Readonly<Record<string, string>> = {
  not_your_turn: "It is not your turn.",
  cell_taken: "There is a tile already.",
  not_adjacent: "A tile must touch the reef.",
  does_not_fit: "It does not fit: same species, or a rank one apart.",
  bag_is_empty: "The bag is empty.",
  you_can_place: "You can still place a tile.",
  you_can_swap: "You can still swap a tile.",
  table_is_full: "All seats are taken.",
  game_has_started: "The game has started already.",
  too_few_players: "It takes at least two.",
};

export interface GameState {
  readonly view: ReefView | undefined;
  readonly connection: string;
  readonly error: string | undefined;
  readonly selected: HandTile | undefined;
}

/** One game as this window plays it: the live document, the selected tile, and the moves. */
export class Game {
  readonly key: string;
  readonly #document: TidewireDocument;
  readonly #onChange: () => void;
  readonly #subscriptions: readonly Unsubscribe[];
  #view: ReefView | undefined;
  #connection = "connecting";
  #error: string | undefined;
  #errorTimer: ReturnType<typeof setTimeout> | undefined;
  #selectedId: string | undefined;

  constructor(client: TidewireClient, key: string, onChange: () => void) {
    this.key = key;
    this.#onChange = onChange;
    this.#document = client.document("reef", key);
    this.#subscriptions = [
      client.onState(({ status }) => {
        this.#connection = status;
        this.#onChange();
      }),
      this.#document.subscribe(({ status, view, error }) => {
        // A stream that has ended shows nothing; the page keeps what it showed last.
        if (view !== undefined) this.#view = view as unknown as ReefView;
        if (status === "ended")
          this.#fail(error?.code === "not_found" ? "There is no such game." : "The game is gone.");
        this.#onChange();
      }),
    ];
  }

  leave(): void {
    for (const unsubscribe of this.#subscriptions) unsubscribe();
    clearTimeout(this.#errorTimer);
  }

  get state(): GameState {
    return {
      view: this.#view,
      connection: this.#connection,
      error: this.#error,
      selected: this.#view?.hand.find((tile) => tile.id === this.#selectedId),
    };
  }

  get isMyTurn(): boolean {
    return this.#view?.phase === "play" && this.#view.turn !== undefined && this.#view.turn === this.#view.me;
  }

  /** Whether no tile of the hand fits anywhere. */
  get isStuck(): boolean {
    const view = this.#view;
    return view !== undefined && view.hand.every((tile) => legalCells(view.board, tile).length === 0);
  }

  select(id: string): void {
    this.#selectedId = this.#selectedId === id ? undefined : id;
    this.#onChange();
  }

  sit(name: string): Promise<void> {
    return this.#send("sit", { name });
  }

  start(): Promise<void> {
    return this.#send("start", {});
  }

  async place(x: number, y: number): Promise<void> {
    const tile = this.#selectedId;
    if (tile === undefined) return;
    this.#selectedId = undefined;
    await this.#send("place", { tile, x, y });
  }

  async swap(): Promise<void> {
    const tile = this.#selectedId;
    if (tile === undefined) return;
    this.#selectedId = undefined;
    await this.#send("swap", { tile });
  }

  pass(): Promise<void> {
    return this.#send("pass", {});
  }

  again(): Promise<void> {
    return this.#send("again", {});
  }

  async #send(message: string, arg: object): Promise<void> {
    try {
      await this.#document.send(message, arg);
    } catch (error) {
      const refusal = error instanceof TidewireError && error.code === "rejected" ? error.details?.["code"] : undefined;
      this.#fail(refusals[String(refusal)] ?? "That did not work; try again.");
    }
    this.#onChange();
  }

  #fail(text: string): void {
    this.#error = text;
    clearTimeout(this.#errorTimer);
    this.#errorTimer = setTimeout(() => {
      this.#error = undefined;
      this.#onChange();
    }, 3_000);
  }
}
