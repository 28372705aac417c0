import {
  type Clock,
  type DocumentName,
  type Principal,
  type Random,
  ServiceError,
  type Timer,
} from "@tidewire/foundation";
import type { Resume } from "@tidewire/protocol-client";
import { HostService } from "@tidewire/protocol-host";
import { mayRepeat, RetryPauses } from "../hosts/call-retry.ts";
import type { HostLinks } from "../hosts/host-links.ts";
import type { EdgeMetrics } from "../metrics.ts";
import { type DocumentDirectory, sameHost } from "../routing/document-directory.ts";
import { HeldFrame, type StreamFrame, withSeq } from "./held-frame.ts";
import { HostSubscription } from "./host-subscription.ts";
import { isHash, StreamPosition } from "./stream-position.ts";

export interface StreamModules {
  readonly directory: DocumentDirectory;
  readonly links: HostLinks;
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: EdgeMetrics;
}

export interface StreamOptions {
  readonly name: DocumentName;
  readonly principal: Principal;
  /** Names this viewer across its re-subscriptions; unique in the fleet. */
  readonly viewer: string;
  readonly viewState?: string | undefined;
  readonly resume?: Resume | undefined;
  readonly hashEvery: boolean;
  readonly subscribeBudgetMs: number;
  readonly resubscribeBudgetMs: number;
  readonly requestDeadlineMs: number;
}

/** The client's side of a stream. */
export interface StreamSink {
  /** Whether the client can take a frame of that size now. After a `false`, `pump` is called when it may again. */
  hasRoom(bytes: number): boolean;
  /** `data` is valid during the call only. */
  frame(frame: StreamFrame): void;
  /** Once, and nothing after it. `hadFrames`: the stream was live and ends; otherwise the request failed. */
  ended(error: ServiceError, hadFrames: boolean): void;
}

/** A host that is leaving hands its documents over at its own pace; one that merely lost a document does it at once. */
const DRAINING_PATIENCE_MS = 30_000;
const MOVED_PATIENCE_MS = 2_000;
/** A host that is behind what the client has seen is stale; after this many of them the state is believed. */
const STALE_HOSTS_MAX = 2;
const PAUSE_MAX_MS = 5_000;

/**
 * One client's stream of one document. It subscribes at the document's owner, follows the document when that changes, and
 * passes frames on as far as the client has room. What comes beyond that is held, merged, and the host gets no more
 * credit: it then stops computing for this client. The client sees none of it but a pause and perhaps a snapshot.
 */
export class DocumentStream {
  readonly #modules: StreamModules;
  readonly #options: StreamOptions;
  readonly #sink: StreamSink;
  readonly #held = new HeldFrame();
  readonly #position: StreamPosition;
  readonly #pauses: RetryPauses;
  readonly #unsubscribeDirectory: () => void;
  readonly #liveWaiters = new Set<() => void>();
  #subscription: HostSubscription | undefined;
  #retryTimer: Timer | undefined;
  #patienceTimer: Timer | undefined;
  #viewState: string | undefined;
  /** Settles when no view state is on its way to the host. */
  #viewStateTaken: Promise<void> = Promise.resolve();
  #failingSince: number | undefined;
  #owedCredit = 0;
  #staleHosts = 0;
  #awaitsSnapshot = false;
  #hadFrames = false;
  #isEnded = false;

  constructor(modules: StreamModules, options: StreamOptions, sink: StreamSink) {
    this.#modules = modules;
    this.#options = options;
    this.#sink = sink;
    this.#viewState = options.viewState;
    this.#position = new StreamPosition(options.resume);
    this.#pauses = new RetryPauses(modules.random, PAUSE_MAX_MS);
    this.#unsubscribeDirectory = modules.directory.onChange(() => this.#ownerMayHaveChanged());
  }

  get name(): DocumentName {
    return this.#options.name;
  }

  /** Bytes held back for a client that has no room. */
  get heldBytes(): number {
    return this.#held.bytes;
  }

  /** Called once, after the constructor, so that the sink may already know the stream. */
  open(): void {
    // The client may be gone already.
    if (!this.#isEnded) this.#subscribe();
  }

  /** The client may have room again. */
  pump(): void {
    const next = this.#held.peek();
    if (next !== undefined) {
      if (!this.#sink.hasRoom(next.data.length)) return;
      this.#held.take();
      this.#sink.frame(next);
    }
    this.#grantOwed();
  }

  /** Everything under way is dropped: the next frame the client gets is a snapshot. */
  resync(): void {
    this.#awaitsSnapshot = true;
    this.#held.take();
    this.#position.forgetHash();
    // A subscription without a frame yet begins with a snapshot, or is asked when it turns out that it does not.
    if (this.#subscription?.isLive === true) this.#subscription.resync();
    this.#grantOwed();
  }

  /** What the client says it holds. The host looks into it and repairs with a snapshot; what is surely right is not asked. */
  check(seq: number, hash: string): void {
    if (this.#awaitsSnapshot) return;
    const { matches, hostSeq } = this.#position.claim(seq, hash, this.#held.isEmpty);
    if (matches || this.#subscription?.isLive !== true) return;
    // What cannot be a hash is a wrong one; the empty one travels in its place.
    this.#subscription.send({ kind: "check", value: { seq: hostSeq, hash: isHash(hash) ? hash : "" } });
  }

  /**
   * Resolves when the host has taken the view state; it then also goes along with every re-subscription. One after the
   * other, so that a newer one is not undone by an older one that had to be told again.
   */
  updateViewState(viewState: string): Promise<void> {
    const deadlineAt = this.#modules.clock.monotonicMs() + this.#options.requestDeadlineMs;
    const update = this.#viewStateTaken.then(() => this.#tellViewState(viewState, deadlineAt));
    this.#viewStateTaken = update.catch(() => {});
    return update;
  }

  async #tellViewState(viewState: string, deadlineAt: number): Promise<void> {
    const { clock, random, directory } = this.#modules;
    const { name, viewer } = this.#options;
    const pauses = new RetryPauses(random);
    for (;;) {
      const subscription = await this.#liveSubscription(deadlineAt);
      const deadlineMs = deadlineAt - clock.monotonicMs();
      try {
        const request = { ...name, viewer, viewState, tableVersion: directory.version };
        await subscription.link.call(HostService.methods.updateViewer, request, { deadlineMs, waitMs: deadlineMs });
        this.#viewState = viewState;
        return;
      } catch (thrown) {
        const error = ServiceError.from(thrown);
        const pauseMs = Math.max(1, pauses.nextMs(error));
        if (!mayRepeat(error, true) || clock.monotonicMs() + pauseMs >= deadlineAt) throw error;
        await new Promise<void>((resolve) => void clock.after(pauseMs, resolve));
      }
    }
  }

  /** The client ended it; the sink hears nothing more. */
  close(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#unsubscribeDirectory();
    this.#retryTimer?.cancel();
    this.#dropSubscription();
    this.#held.take();
    this.#wakeLiveWaiters();
  }

  #subscribe(): void {
    this.#retryTimer = undefined;
    const { directory, links, clock } = this.#modules;
    const host = directory.ownerOf(this.name);
    if (host === undefined) {
      this.#failed(new ServiceError("unavailable", "no document host is known"));
      return;
    }
    const { principal, viewer, hashEvery } = this.#options;
    const request = {
      ...this.name,
      principal,
      viewer,
      viewState: this.#viewState,
      resume: this.#awaitsSnapshot ? undefined : this.#position.resume,
      hashEvery,
      tableVersion: directory.version,
    };
    this.#owedCredit = 0;
    try {
      const subscription: HostSubscription = new HostSubscription(
        { link: links.linkTo(host.address), clock },
        { host, request },
        {
          frame: (frame) => this.#receive(frame),
          ended: (error) => this.#subscriptionEnded(error),
        },
      );
      this.#subscription = subscription;
    } catch (error) {
      this.#failed(ServiceError.from(error));
    }
  }

  #receive(frame: StreamFrame): void {
    if (this.#awaitsSnapshot && frame.kind !== "snapshot") {
      if (this.#subscription?.isResyncing === false) this.#subscription.resync();
      this.#owedCredit++;
      this.#grantOwed();
      return;
    }
    const current = this.#neverGoingBack(frame);
    if (current === undefined) return;
    this.#awaitsSnapshot = false;
    this.#failingSince = undefined;
    this.#pauses.reset();
    this.#position.advance(frame);
    this.#hadFrames = true;
    this.#owedCredit++;
    if (this.#held.isEmpty && this.#sink.hasRoom(current.data.length)) {
      this.#sink.frame(current);
      this.#grantOwed();
    } else {
      this.#hold(current);
    }
    this.#wakeLiveWaiters();
  }

  #hold(frame: StreamFrame): void {
    try {
      this.#held.add(frame);
      this.#modules.metrics.framesHeld.add();
    } catch {
      // Deltas that do not fit together, or too many: repaired like any wrong state.
      this.resync();
    }
  }

  /** The frame as it may go out, or `undefined` if its host is behind what the client has seen. */
  #neverGoingBack(frame: StreamFrame): StreamFrame | undefined {
    const { floorSeq } = this.#position;
    if (frame.seq >= floorSeq) {
      this.#staleHosts = 0;
      return frame;
    }
    if (this.#staleHosts >= STALE_HOSTS_MAX) return withSeq(frame, floorSeq);
    this.#staleHosts++;
    this.#dropSubscription();
    this.#failed(new ServiceError("moving", "the host is behind what was already sent"));
    return undefined;
  }

  #grantOwed(): void {
    if (this.#owedCredit === 0 || !this.#held.isEmpty || !this.#sink.hasRoom(1)) return;
    this.#subscription?.grant(this.#owedCredit);
    this.#owedCredit = 0;
  }

  #subscriptionEnded(error: ServiceError | undefined): void {
    this.#dropSubscription();
    this.#failed(error ?? new ServiceError("moving", "the host ended the stream"));
  }

  #dropSubscription(): void {
    this.#patienceTimer?.cancel();
    this.#patienceTimer = undefined;
    const subscription = this.#subscription;
    this.#subscription = undefined;
    subscription?.cancel();
  }

  #failed(error: ServiceError): void {
    const { clock, metrics } = this.#modules;
    const now = clock.monotonicMs();
    this.#failingSince ??= now;
    const budgetMs = this.#hadFrames ? this.#options.resubscribeBudgetMs : this.#options.subscribeBudgetMs;
    const isTransient = mayRepeat(error, true) || error.code === "timeout" || (this.#hadFrames && error.retryable);
    const pauseMs = Math.max(this.#pauses.nextMs(error), error.code === "overloaded" ? (error.retryAfterMs ?? 0) : 0);
    if (!isTransient || now + pauseMs - this.#failingSince > budgetMs) {
      this.#end(error);
      return;
    }
    metrics.resubscriptions.add(1, { reason: error.code });
    this.#retryTimer = clock.after(pauseMs, () => this.#subscribe());
  }

  #end(error: ServiceError): void {
    if (this.#isEnded) return;
    // What was held is still the client's: it leads up to the end.
    const last = this.#held.take();
    if (last !== undefined) this.#sink.frame(last);
    this.close();
    this.#sink.ended(error, this.#hadFrames);
  }

  #ownerMayHaveChanged(): void {
    if (this.#isEnded) return;
    const { directory, clock } = this.#modules;
    const owner = directory.ownerOf(this.name);
    const subscription = this.#subscription;
    if (subscription === undefined) {
      // Waiting out a pause: a new table is the best reason to end it.
      if (owner === undefined || this.#retryTimer === undefined) return;
      this.#retryTimer.cancel();
      this.#subscribe();
      return;
    }
    if (owner === undefined || sameHost(owner, subscription.host)) {
      this.#patienceTimer?.cancel();
      this.#patienceTimer = undefined;
      return;
    }
    const standing = directory.standingOf(subscription.host);
    if (standing === "gone") this.#moveOn();
    else {
      const patienceMs = standing === "draining" ? DRAINING_PATIENCE_MS : MOVED_PATIENCE_MS;
      this.#patienceTimer ??= clock.after(patienceMs, () => this.#moveOn());
    }
  }

  #moveOn(): void {
    this.#dropSubscription();
    this.#modules.metrics.resubscriptions.add(1, { reason: "table" });
    this.#subscribe();
  }

  #liveSubscription(deadlineAt: number): Promise<HostSubscription> {
    const { clock } = this.#modules;
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const subscription = this.#subscription;
        if (this.#isEnded) settle(() => reject(new ServiceError("unavailable", "the stream has ended")));
        else if (subscription?.isLive === true) settle(() => resolve(subscription));
      };
      const settle = (outcome: () => void): void => {
        timer.cancel();
        this.#liveWaiters.delete(look);
        outcome();
      };
      const timer = clock.after(Math.max(0, deadlineAt - clock.monotonicMs()), () =>
        settle(() => reject(new ServiceError("timeout", "the document could not be reached in time"))),
      );
      this.#liveWaiters.add(look);
      look();
    });
  }

  #wakeLiveWaiters(): void {
    for (const look of this.#liveWaiters) look();
  }
}
