import type { DocumentInstance, Frame, Viewer, ViewerInit } from "@tidewire/document";
import type { Principal, ServiceError } from "@tidewire/foundation";
import type { ServerStream } from "@tidewire/link";
import type { ViewerFrame } from "@tidewire/protocol-host";
import type { Agent } from "./presence.ts";

/** A frame sent longer ago than this has been applied by whoever reports now; far above a round trip. */
const QUIET_MS = 1_000;

/** What a client says it holds. */
export interface ViewerClaim {
  readonly seq: number;
  readonly hash: string;
}

/** What a viewer brings along when it connects. */
export interface ViewerRequest {
  /** Unique in the fleet; a second one of the same name replaces the first. */
  readonly id: string;
  readonly principal: Principal;
  /** JSON text. */
  readonly viewState?: string;
  readonly resume?: ViewerClaim;
  readonly hashEvery: boolean;
  readonly stream: ServerStream<ViewerFrame>;
  /** Called once when the viewer is gone, for whatever reason. */
  readonly onEnd?: () => void;
}

/**
 * One viewer for as long as its stream lives. The copy of the document it is attached to may change meanwhile (takeover,
 * reload, outage); the slot remembers what the viewer holds, so that the next copy can go on from there.
 */
export class ViewerSlot {
  readonly id: string;
  readonly principal: Principal;
  readonly agent: Agent;
  readonly stream: ServerStream<ViewerFrame>;
  /** Monotonic ms after which a viewer that has seen nothing gives up. */
  readonly patienceAt: number;
  readonly #hashEvery: boolean;
  readonly #onEnd: (() => void) | undefined;
  #viewState: string | undefined;
  #holds: ViewerClaim | undefined;
  #attached: { readonly instance: DocumentInstance; readonly handle: Viewer } | undefined;
  #isEnded = false;
  #hasFrames = false;
  #sentAt = 0;

  constructor(request: ViewerRequest, agent: Agent, patienceAt: number) {
    this.id = request.id;
    this.principal = request.principal;
    this.stream = request.stream;
    this.agent = agent;
    this.patienceAt = patienceAt;
    this.#hashEvery = request.hashEvery;
    this.#onEnd = request.onEnd;
    this.#viewState = request.viewState;
    this.#holds = request.resume;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Something was sent, so the viewer can wait: it has a state to show. */
  get hasFrames(): boolean {
    return this.#hasFrames;
  }

  isAttachedTo(instance: DocumentInstance): boolean {
    return this.#attached?.instance === instance;
  }

  init(): ViewerInit {
    return {
      id: this.id,
      principal: this.principal,
      ...(this.#viewState === undefined ? {} : { viewState: this.#viewState }),
      ...(this.#holds === undefined ? {} : { resume: this.#holds }),
      hashEvery: this.#hashEvery,
      credit: this.stream.credit,
    };
  }

  attached(instance: DocumentInstance, handle: Viewer): void {
    this.#attached = { instance, handle };
  }

  detach(): void {
    if (this.#attached !== undefined) this.#attached.instance.detach(this.#attached.handle);
    this.#attached = undefined;
  }

  /** The copy is gone; there is nothing to detach from. */
  orphan(): void {
    this.#attached = undefined;
  }

  /** It can be sent something without more credit: nothing waits for it. */
  get hasCredit(): boolean {
    return this.#attached !== undefined && this.#attached.handle.credit > 0;
  }

  /** Makes the runtime's credit equal to the stream's. Returns whether the viewer had none and has some now. */
  syncCredit(): boolean {
    if (this.#attached === undefined) return false;
    const { instance, handle } = this.#attached;
    const had = handle.credit;
    const missing = this.stream.credit - had;
    if (missing <= 0) return false;
    instance.grant(handle, missing);
    return had === 0;
  }

  resync(): void {
    this.#holds = undefined;
    if (this.#attached !== undefined) this.#attached.instance.resync(this.#attached.handle);
  }

  /** In durable state only: it may compute the viewer's present view. `now` is monotonic, ms. */
  check(instance: DocumentInstance, { seq, hash }: ViewerClaim, now: number): "match" | "mismatch" | "unverifiable" {
    const handle = this.#handleIn(instance);
    if (handle === undefined) return "unverifiable";
    const result = instance.check(handle, seq, hash);
    // The runtime forgives a report that may have crossed a frame on its way. After a silence none can have: asked again,
    // without a frame in between, it judges the state itself.
    const isQuiet = now - this.#sentAt >= QUIET_MS;
    return result === "unverifiable" && isQuiet ? instance.check(handle, seq, hash) : result;
  }

  /** In durable state only: it runs the document's validator. Throws `invalid_argument`. */
  updateViewState(instance: DocumentInstance, viewState: string): void {
    const handle = this.#handleIn(instance);
    if (handle !== undefined) instance.updateViewState(handle, viewState);
    this.#viewState = viewState;
  }

  /** @param now monotonic ms */
  sent(frame: Frame, now: number): void {
    this.#hasFrames = true;
    this.#sentAt = now;
    // Without its hash a state cannot be resumed from: the next copy sends a snapshot.
    this.#holds = frame.hash === undefined ? undefined : { seq: frame.seq, hash: frame.hash };
  }

  /** Closes the books of this viewer and, unless it is the one that left, its stream. */
  end(error: ServiceError | undefined, isGone: boolean): void {
    this.#isEnded = true;
    this.detach();
    if (!isGone) this.stream.end(error);
    this.#onEnd?.();
  }

  #handleIn(instance: DocumentInstance): Viewer | undefined {
    return this.#attached?.instance === instance ? this.#attached.handle : undefined;
  }
}
