import { type Checkpoint, type HashCheck, type JsonObject, ViewReplica } from "@tidewire/delta";
import { Backoff, type Clock, type Random, type Timer } from "@tidewire/foundation";
import type { Session, StreamListener } from "../session/session.ts";
import { TidewireError } from "../tidewire-error.ts";

export interface BindingEvents {
  /** The replica, or whether it can be trusted, has changed. */
  onChange(binding: StreamBinding): void;
  onEnd(binding: StreamBinding, error: TidewireError): void;
  /** The session is gone. */
  onLost(binding: StreamBinding): void;
}

export interface BindingInit {
  readonly space: string;
  readonly key: string;
  /** JSON text. */
  readonly viewState: string | undefined;
  /** Which view state that is; see `DocumentStream`. */
  readonly viewStateVersion: number;
  /** What to go on from. The binding works on a copy. */
  readonly base: ViewReplica | undefined;
}

export interface BindingOptions {
  /** How long the first frame, and a snapshot that was asked for, may take. */
  readonly firstFrameTimeoutMs: number;
}

/**
 * One document stream on one session. Its replica starts as a copy of what the client held when the stream was asked for,
 * because that is what a `resume` refers to, whatever an older stream delivers meanwhile.
 */
export class StreamBinding implements StreamListener {
  readonly replica: ViewReplica;
  readonly session: Session;
  /** The newest view state that the server was told on this stream. */
  viewStateVersion: number;
  readonly #clock: Clock;
  readonly #events: BindingEvents;
  readonly #options: BindingOptions;
  readonly #resyncBackoff: Backoff;
  readonly #hasBase: boolean;
  #id = 0;
  #hasFirstFrame = false;
  #isResyncing = false;
  #resyncs = 0;
  #isOver = false;
  #changedSinceBeat = true;
  #isAtVerified = false;
  #deadline: Timer | undefined;
  #resyncTimer: Timer | undefined;

  constructor(
    modules: { readonly clock: Clock; readonly random: Random; readonly session: Session },
    events: BindingEvents,
    init: BindingInit,
    options: BindingOptions,
  ) {
    this.session = modules.session;
    this.viewStateVersion = init.viewStateVersion;
    this.#clock = modules.clock;
    this.#events = events;
    this.#options = options;
    this.#resyncBackoff = new Backoff(modules.random);
    this.#hasBase = init.base !== undefined;
    this.replica = init.base?.fork() ?? new ViewReplica();
    this.#expectFrame();
    this.#id = this.session.openStream(this.#createParameters(init), this);
  }

  /** What other requests call `connection`. */
  get id(): number {
    return this.#id;
  }

  /** The replica is what the server says it is. */
  get isReady(): boolean {
    return this.#hasFirstFrame && !this.#isResyncing && !this.#isOver;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Nobody needs the stream any more. */
  end(): void {
    if (this.#isOver) return;
    this.#release();
    this.session.endStream(this.#id);
  }

  /** The stream goes on elsewhere, and this session is about to be closed. */
  abandon(): void {
    if (this.#isOver) return;
    this.#release();
    this.session.forgetStream(this.#id);
  }

  onSnapshot(frame: JsonObject): void {
    this.#apply(() => this.replica.applySnapshot(frame), true);
  }

  onDelta(frame: JsonObject): void {
    // On its way since before the resync was asked for: it continues a state that is already given up.
    if (this.#isResyncing) return;
    if (!this.#hasFirstFrame && !this.#hasBase) return this.#resync("a stream began with a delta over nothing");
    this.#apply(() => this.replica.applyDelta(frame), false);
  }

  onEnd(error: TidewireError): void {
    this.#release();
    this.#events.onEnd(this, error);
  }

  onLost(): void {
    if (this.#isOver) return;
    this.#release();
    this.#events.onLost(this);
  }

  /** The last verified frame; when nothing came since the last heartbeat, the state as it is. */
  checkpoint(): Checkpoint | undefined {
    if (!this.isReady) return undefined;
    const { replica } = this;
    const isQuiet = !this.#changedSinceBeat;
    this.#changedSinceBeat = false;
    if (isQuiet) return { seq: replica.seq, hash: replica.freshHash() };
    // Presence changes a view under the same seq: a hash that may be of an older such state would look like a fault.
    const isOutdated = !this.#isAtVerified && replica.verified?.seq === replica.seq;
    return isOutdated ? undefined : replica.verified;
  }

  #apply(apply: () => HashCheck, isSnapshot: boolean): void {
    if (isSnapshot || !this.#hasFirstFrame) this.#deadline?.cancel();
    let check: HashCheck;
    try {
      check = apply();
    } catch (error) {
      return this.#resync(TidewireError.from(error).message);
    }
    this.#changedSinceBeat = true;
    this.#isAtVerified = check === "match";
    if (check === "mismatch") return this.#resync("the state does not have the hash the server says");
    if (check === "match") {
      this.#resyncs = 0;
      this.#resyncBackoff.reset();
    }
    this.#hasFirstFrame = true;
    if (isSnapshot) {
      this.#isResyncing = false;
      this.#resyncTimer?.cancel();
    }
    this.#events.onChange(this);
  }

  /** Asks for a snapshot: at once, and if that one is wrong too with growing pauses, so that no fault becomes a storm. */
  #resync(reason: string): void {
    const wasReady = this.isReady;
    this.#isResyncing = true;
    this.#resyncTimer?.cancel();
    const ask = (): void => this.#askForSnapshot(reason);
    if (this.#resyncs++ === 0) ask();
    else this.#resyncTimer = this.#clock.after(this.#resyncBackoff.nextDelayMs(), ask);
    if (wasReady) this.#events.onChange(this);
  }

  #askForSnapshot(reason: string): void {
    this.#expectFrame();
    this.session.request("connection/resync", JSON.stringify({ connection: this.#id }), {
      onResult: () => {},
      onError: (error) => this.#resyncFailed(error, reason),
      // Either the session is gone, which is told apart, or the snapshot may still come; the deadline watches that.
      onLost: () => {},
    });
  }

  #resyncFailed(error: TidewireError, reason: string): void {
    if (this.#isOver || !this.#isResyncing) return;
    if (!error.retryable) return this.#giveUp(`${reason}, and the server refuses to repair it: ${error.message}`);
    const delayMs = error.retryAfterMs ?? this.#resyncBackoff.nextDelayMs();
    this.#resyncTimer?.cancel();
    this.#resyncTimer = this.#clock.after(delayMs, () => this.#askForSnapshot(reason));
  }

  #expectFrame(): void {
    this.#deadline?.cancel();
    this.#deadline = this.#clock.after(this.#options.firstFrameTimeoutMs, () =>
      this.#giveUp("the stream did not begin in time"),
    );
  }

  /** Ends the stream from this side, to be opened anew. */
  #giveUp(message: string): void {
    if (this.#isOver) return;
    this.end();
    this.#events.onEnd(this, new TidewireError("unavailable", message));
  }

  #release(): void {
    this.#isOver = true;
    this.#deadline?.cancel();
    this.#resyncTimer?.cancel();
  }

  #createParameters({ space, key, viewState, base }: BindingInit): string {
    const resume = base === undefined ? undefined : { seq: base.seq, hash: base.hash() };
    const text = JSON.stringify({ space, key, resume });
    return viewState === undefined ? text : `${text.slice(0, -1)},"viewState":${viewState}}`;
  }
}
