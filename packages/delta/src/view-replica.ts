import { applyDelta, applySnapshot } from "./apply.ts";
import type { CanonicalTexts } from "./canonical-json.ts";
import { hashView } from "./hash.ts";
import type { JsonObject } from "./json.ts";
import { frameHead } from "./patch-shape.ts";
import { emptyView, type ViewState } from "./view-state.ts";

/** What the `@h` of a frame said about the state after it; `absent` when the frame had none. */
export type HashCheck = "match" | "mismatch" | "absent";

export interface Checkpoint {
  readonly seq: number;
  readonly hash: string;
}

/** The client's copy of one view. A frame either takes full effect or throws `invalid_argument` and changes nothing. */
export class ViewReplica {
  #view: ViewState = emptyView();
  #hash: string | undefined;
  #verified: Checkpoint | undefined;
  #texts: CanonicalTexts = new WeakMap();

  /** Plain JSON, keyed lists as arrays. Immutable: a new value for each change, sharing what did not change. */
  get value(): JsonObject {
    return this.#view.value;
  }

  get seq(): number {
    return this.#view.seq;
  }

  get view(): ViewState {
    return this.#view;
  }

  /** Seq and hash of the last frame whose `@h` was there and right. */
  get verified(): Checkpoint | undefined {
    return this.#verified;
  }

  /** Hash of the current value, computed on demand; what did not change since the last time is not written again. */
  hash(): string {
    this.#hash ??= hashView(this.#view.value, this.#texts);
    return this.#hash;
  }

  /**
   * Hash of the current value, computed from the value as it is in memory now. Unlike `hash` it notices when somebody has
   * changed the value in place.
   */
  freshHash(): string {
    this.#texts = new WeakMap();
    this.#hash = undefined;
    return this.hash();
  }

  /** A copy that goes its own way from here. Costs nothing: versions are immutable and shared. */
  fork(): ViewReplica {
    const copy = new ViewReplica();
    copy.#view = this.#view;
    copy.#hash = this.#hash;
    copy.#texts = this.#texts;
    return copy;
  }

  applySnapshot(snapshot: JsonObject): HashCheck {
    return this.#take(applySnapshot(snapshot, this.#view), snapshot);
  }

  applyDelta(delta: JsonObject): HashCheck {
    return this.#take(applyDelta(this.#view, delta), delta);
  }

  #take(view: ViewState, frame: JsonObject): HashCheck {
    if (view.value !== this.#view.value) this.#hash = undefined;
    this.#view = view;
    const expected = frameHead(frame).hash;
    if (expected === undefined) return "absent";
    if (this.hash() !== expected) return "mismatch";
    this.#verified = { seq: view.seq, hash: expected };
    return "match";
  }
}
