import { applyDelta, applySnapshot, emptyView, hashView, type JsonObject, type ViewState } from "@tidewire/delta";
import type { Frame, Viewer } from "../runtime/runtime.ts";

/** Merges frames as any client does, knowing nothing of the runtime. */
export class TestClient {
  readonly viewer: Viewer;
  viewState: string | undefined;
  readonly #texts: string[];
  #state: ViewState;

  /** `from` gives what an earlier connection held. */
  constructor(viewer: Viewer, viewState: string | undefined, from?: TestClient) {
    this.viewer = viewer;
    this.viewState = viewState;
    this.#state = from === undefined ? emptyView() : from.#state;
    this.#texts = from === undefined ? [] : from.#texts;
  }

  get view(): JsonObject {
    return this.#state.value;
  }

  get seq(): number {
    return this.#state.seq;
  }

  get hash(): string {
    return hashView(this.view);
  }

  get received(): string {
    return this.#texts.join("\n");
  }

  get frameCount(): number {
    return this.#texts.length;
  }

  receive(frame: Frame): void {
    const text = new TextDecoder().decode(frame.data);
    this.#texts.push(text);
    const json = JSON.parse(text) as JsonObject;
    this.#state = frame.kind === "snapshot" ? applySnapshot(json) : applyDelta(this.#state, json);
    if (frame.hash !== undefined && frame.hash !== this.hash) throw new Error("a frame does not lead to its hash");
  }
}
