import {
  applyDelta,
  diffViews,
  hashView,
  type JsonObject,
  type JsonValue,
  snapshotOf,
  type ViewState,
  viewOf,
} from "@tidewire/delta";
import { type Principal, ServiceError } from "@tidewire/foundation";

interface Card {
  readonly id: string;
  readonly rank: number;
}

interface Outcome {
  readonly request: string;
  readonly seq: number;
  readonly value: JsonValue | undefined;
}

/** A document of the test server: a counter, a text, a keyed list and what each viewer says of itself. */
export class TestDocument {
  seq = 1;
  value = 0;
  text = "";
  cards: Card[] = [];
  /** How often each labelled message had its effect. */
  readonly executed = new Map<string, number>();
  readonly #outcomes = new Map<string, Outcome>();
  #nextCard = 1;

  /** Runs a message once per marker. Throws what the document refuses. */
  execute(principal: Principal, message: string, arg: JsonObject, marker: string | undefined): Outcome {
    const key = marker === undefined ? undefined : `${principal.authority}/${principal.agent}/${marker}`;
    const request = JSON.stringify([message, arg]);
    const known = key === undefined ? undefined : this.#outcomes.get(key);
    if (known !== undefined) {
      if (known.request !== request)
        throw new ServiceError("invalid_argument", "the marker was used for something else");
      return known;
    }
    const value = this.#run(message, arg);
    const label = arg["label"];
    if (typeof label === "string") this.executed.set(label, (this.executed.get(label) ?? 0) + 1);
    const outcome = { request, seq: this.seq, value };
    if (key !== undefined) this.#outcomes.set(key, outcome);
    return outcome;
  }

  view(viewState: JsonValue | undefined): ViewState {
    const value: JsonObject = {
      value: this.value,
      text: this.text,
      cards: this.cards.map((card) => ({ ...card })),
      ...(viewState === undefined ? {} : { echo: viewState }),
    };
    return viewOf(value, this.seq, (list, path) =>
      path[0] === "cards" ? list.map((card) => (card as unknown as Card).id) : undefined,
    );
  }

  #run(message: string, arg: JsonObject): JsonValue | undefined {
    switch (message) {
      case "add":
        this.value += arg["by"] as number;
        break;
      case "set":
        this.text = arg["text"] as string;
        break;
      case "deal":
        this.cards = [...this.cards, { id: String(this.#nextCard++), rank: arg["rank"] as number }];
        break;
      case "shuffle":
        this.cards = this.cards.toReversed();
        break;
      case "drop":
        this.cards = this.cards.slice(1);
        break;
      case "fail":
        throw new ServiceError("rejected", "no", { details: { code: arg["code"], data: { why: 1 } } });
      default:
        throw new ServiceError("not_found", "no such message");
    }
    this.seq++;
    return message === "add" ? { value: this.value } : undefined;
  }
}

/** What one stream of the test server has sent; gives the frames that bring its client up to date. */
export class TestViewer {
  viewState: JsonValue | undefined;
  #sent: ViewState | undefined;

  constructor(viewState: JsonValue | undefined) {
    this.viewState = viewState;
  }

  first(document: TestDocument, resume: { readonly seq: number; readonly hash: string } | undefined): object {
    const view = document.view(this.viewState);
    this.#sent = view;
    const isSame = resume !== undefined && resume.seq === view.seq && resume.hash === hashView(view.value);
    return isSame ? { delta: { "@s": view.seq } } : { snapshot: { ...snapshotOf(view), "@h": hashView(view.value) } };
  }

  /** `undefined` if nothing changed. The delta is checked to lead where it should. */
  next(document: TestDocument, withHash: boolean): { readonly delta: JsonObject } | undefined {
    const view = document.view(this.viewState);
    const hash = hashView(view.value);
    if (this.#sent === undefined || hash === hashView(this.#sent.value)) return undefined;
    const delta = { ...diffViews(this.#sent, view), ...(withHash ? { "@h": hash } : {}) };
    if (hashView(applyDelta(this.#sent, delta).value) !== hash) throw new Error("the test server made a wrong delta");
    this.#sent = view;
    return { delta };
  }

  snapshot(document: TestDocument): object {
    const view = document.view(this.viewState);
    this.#sent = view;
    return { snapshot: { ...snapshotOf(view), "@h": hashView(view.value) } };
  }
}
