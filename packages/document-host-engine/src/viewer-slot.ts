import type { DocumentInstance, Viewer, ViewerInit } from "@tidewire/document";
import type { Principal, ServiceError } from "@tidewire/foundation";
import type { ServerStream } from "@tidewire/link";
import type { ViewerFrame } from "@tidewire/protocol-host";
import type { Crowd, SentFrame } from "./crowd.ts";
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
  /** What it came with; nothing was sent since. */
  #resume: ViewerClaim | undefined;
  #attached: { readonly instance: DocumentInstance; readonly handle: Viewer } | undefined;
  #isEnded = false;
  /** The last frame for it alone, or of a crowd that it has left. */
  #ownSent: SentFrame | undefined;
  #crowd: Crowd | undefined;
  /** Of the crowd's last frame when it joined, or when its own state was last thrown away: only a later one counts. */
  #crowdSince = 0;

  constructor(request: ViewerRequest, agent: Agent, patienceAt: number) {
    this.id = request.id;
    // What cannot change any more the document keeps instead of a copy.
    this.principal = Object.freeze(request.principal);
    this.stream = request.stream;
    this.agent = agent;
    this.patienceAt = patienceAt;
    this.#hashEvery = request.hashEvery;
    this.#onEnd = request.onEnd;
    this.#viewState = request.viewState;
    this.#resume = request.resume;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Something was sent, so the viewer can wait: it has a state to show. */
  get hasFrames(): boolean {
    return this.#sent !== undefined;
  }

  isAttachedTo(instance: DocumentInstance): boolean {
    return this.#attached?.instance === instance;
  }

  init(): ViewerInit {
    const resume = this.#holds;
    return {
      id: this.id,
      principal: this.principal,
      ...(this.#viewState === undefined ? {} : { viewState: this.#viewState }),
      ...(resume === undefined ? {} : { resume }),
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
    const sent = this.#sent;
    this.#resume = undefined;
    if (sent !== undefined) this.#setOwn({ ...sent, hash: undefined });
    if (this.#attached !== undefined) this.#attached.instance.resync(this.#attached.handle);
  }

  /** In durable state only: it may compute the viewer's present view. `now` is monotonic, ms. */
  check(instance: DocumentInstance, { seq, hash }: ViewerClaim, now: number): "match" | "mismatch" | "unverifiable" {
    const handle = this.#handleIn(instance);
    if (handle === undefined) return "unverifiable";
    const result = instance.check(handle, seq, hash);
    // The runtime forgives a report that may have crossed a frame on its way. After a silence none can have: asked again,
    // without a frame in between, it judges the state itself.
    const isQuiet = now - (this.#sent?.at ?? 0) >= QUIET_MS;
    return result === "unverifiable" && isQuiet ? instance.check(handle, seq, hash) : result;
  }

  /** In durable state only: it runs the document's validator. Throws `invalid_argument`. */
  updateViewState(instance: DocumentInstance, viewState: string): void {
    const handle = this.#handleIn(instance);
    if (handle !== undefined) instance.updateViewState(handle, viewState);
    this.#viewState = viewState;
  }

  /** A frame for it alone. */
  sent(frame: SentFrame): void {
    this.#setOwn(frame);
  }

  /** From here on it is sent what the crowd is; it leaves the one it was in. */
  join(crowd: Crowd): void {
    this.#ownSent = this.#sent;
    this.#crowd = crowd;
    this.#crowdSince = crowd.sent?.order ?? 0;
  }

  /** Whether it was there: it may be in another one by now. */
  leave(crowd: Crowd): boolean {
    if (this.#crowd !== crowd) return false;
    this.#ownSent = this.#sent;
    this.#crowd = undefined;
    return true;
  }

  /** Closes the books of this viewer and, unless it is the one that left, its stream. */
  end(error: ServiceError | undefined, isGone: boolean): void {
    this.#isEnded = true;
    this.detach();
    if (!isGone) this.stream.end(error);
    this.#onEnd?.();
  }

  get #sent(): SentFrame | undefined {
    const shared = this.#crowd?.sent;
    return shared === undefined || shared.order <= this.#crowdSince ? this.#ownSent : shared;
  }

  /** Without its hash a state cannot be resumed from: the next copy sends a snapshot. */
  get #holds(): ViewerClaim | undefined {
    const sent = this.#sent;
    if (sent === undefined) return this.#resume;
    return sent.hash === undefined ? undefined : { seq: sent.seq, hash: sent.hash };
  }

  #setOwn(sent: SentFrame): void {
    this.#ownSent = sent;
    this.#crowdSince = this.#crowd?.sent?.order ?? 0;
  }

  #handleIn(instance: DocumentInstance): Viewer | undefined {
    return this.#attached?.instance === instance ? this.#attached.handle : undefined;
  }
}
