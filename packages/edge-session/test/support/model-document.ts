import { diffViews, hashView, type JsonObject, snapshotOf, type ViewState, viewOf } from "@tidewire/delta";

/** A document that every viewer sees whole: the truth that streams are compared with. Shared by hosts, as the log is. */
export class ModelDocument {
  #view: ViewState;
  readonly results = new Map<string, { readonly seq: number; readonly value?: string }>();

  constructor(value: JsonObject = { value: 0 }, seq = 1) {
    this.#view = keyed(value, seq);
  }

  get view(): ViewState {
    return this.#view;
  }

  get seq(): number {
    return this.#view.seq;
  }

  get hash(): string {
    return hashView(this.#view.value);
  }

  /** Presence changes a view without a commit: `step` 0. */
  change(fields: JsonObject, step = 1): void {
    const value = Object.fromEntries(Object.entries({ ...this.#view.value, ...fields }).filter(([, v]) => v !== null));
    this.#view = keyed(value, this.#view.seq + step);
  }
}

export function snapshotText(view: ViewState, withHash: boolean): string {
  return JSON.stringify({ ...snapshotOf(view), ...(withHash ? { "@h": hashView(view.value) } : {}) });
}

export function deltaText(from: ViewState, to: ViewState, withHash: boolean): string {
  return JSON.stringify({ ...diffViews(from, to), ...(withHash ? { "@h": hashView(to.value) } : {}) });
}

/** `cards` is a keyed list, as in the conformance document. */
function keyed(value: JsonObject, seq: number): ViewState {
  return viewOf(value, seq, (list, path) =>
    path.length === 1 && path[0] === "cards" ? list.map((card) => (card as { id: string }).id) : undefined,
  );
}
