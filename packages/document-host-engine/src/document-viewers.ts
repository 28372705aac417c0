import type { Audience, CommandOutcome, DocumentInstance, Frame, Viewer } from "@tidewire/document";
import { type Clock, ServiceError } from "@tidewire/foundation";
import type { LinkTransport } from "@tidewire/link";
import { Crowd, type SentFrame } from "./crowd.ts";
import { type Attached, type Checked, type DueFrame, SNAPSHOTS_PER_TURN } from "./document-turn.ts";
import { countLimit, type HostMetrics } from "./host-metrics.ts";
import { Presence, type PresenceStep } from "./presence.ts";
import { refusals } from "./refusals.ts";
import { type ViewerClaim, type ViewerRequest, ViewerSlot } from "./viewer-slot.ts";

/** From here on it is cheaper to remember the streams of an audience than to look for them at each frame. */
const CROWD_MIN = 8;

export interface ViewersModules {
  readonly clock: Clock;
  readonly sender: Pick<LinkTransport, "sendToMany" | "streamSet">;
  readonly metrics: HostMetrics;
}

export interface ViewersOptions {
  readonly viewersPerDocumentMax: number;
  readonly openPatienceMs: number;
  readonly reattachGraceMs: number;
}

/** The viewers of one document, whichever copy of it they are attached to, and the presence of their agents. */
export class DocumentViewers {
  readonly presence: Presence;
  readonly #modules: ViewersModules;
  readonly #options: ViewersOptions;
  readonly #slots = new Map<string, ViewerSlot>();
  /** Not attached to the copy they should be attached to. */
  readonly #unattached = new Set<ViewerSlot>();
  /** Granted credit that the runtime has not heard of. */
  readonly #credited = new Set<ViewerSlot>();
  /** What clients say they hold, the latest of each; looked at when memory is durable. */
  readonly #checks = new Map<ViewerSlot, ViewerClaim>();
  /** Of audiences that are large enough; gone with them. */
  readonly #crowds = new WeakMap<Audience, Crowd>();
  readonly #slotOf = (id: string): ViewerSlot | undefined => this.#slots.get(id);
  #framesSent = 0;

  constructor(modules: ViewersModules, options: ViewersOptions) {
    this.#modules = modules;
    this.#options = options;
    // Each viewer has one agent; as many again may have left within their grace.
    this.presence = new Presence(2 * options.viewersPerDocumentMax);
  }

  get size(): number {
    return this.#slots.size;
  }

  get unattached(): ReadonlySet<ViewerSlot> {
    return this.#unattached;
  }

  get checks(): ReadonlyMap<ViewerSlot, ViewerClaim> {
    return this.#checks;
  }

  get(id: string): ViewerSlot | undefined {
    return this.#slots.get(id);
  }

  /** Throws `overloaded`. A viewer of the same name is an older subscription of the same client: it ends. */
  add(request: ViewerRequest): ViewerSlot {
    const older = this.#slots.get(request.id);
    if (older === undefined && this.#slots.size >= this.#options.viewersPerDocumentMax) {
      throw new ServiceError("overloaded", "the document has too many viewers", {
        details: { viewers: this.#slots.size },
      });
    }
    const agent = this.presence.arrived(request.principal);
    if (older !== undefined) this.end(older, refusals.moving());
    const slot = new ViewerSlot(request, agent, this.#modules.clock.monotonicMs() + this.#options.openPatienceMs);
    this.#slots.set(slot.id, slot);
    this.#unattached.add(slot);
    return slot;
  }

  /** The client's side is gone. Unless that was in order, its agent may come back within the grace. */
  gone(slot: ViewerSlot, isOrderly: boolean): void {
    this.#drop(slot, undefined, true, isOrderly ? 0 : this.#options.reattachGraceMs);
  }

  end(slot: ViewerSlot, error: ServiceError | undefined): void {
    this.#drop(slot, error, false, 0);
  }

  /** Ends those of one agent that are not attached yet: the document did not let it in. */
  endRefused(step: PresenceStep, error: ServiceError): void {
    for (const slot of this.#unattached) if (slot.agent === step.agent) this.end(slot, error);
  }

  endAll(error: () => ServiceError): void {
    for (const slot of this.#slots.values()) this.end(slot, error());
    this.presence.clear();
  }

  /** Ends those who have nothing to show and have waited long enough. */
  expire(now: number): void {
    for (const slot of this.#unattached) {
      if (!slot.hasFrames && slot.patienceAt <= now) this.end(slot, refusals.logAway());
    }
  }

  /** The copy they were attached to is gone. */
  orphanAll(): void {
    for (const slot of this.#slots.values()) {
      slot.orphan();
      this.#unattached.add(slot);
    }
  }

  /** The same for those who are attached to any other copy than this one. */
  orphanOthers(instance: DocumentInstance): void {
    for (const slot of this.#slots.values()) {
      if (slot.isAttachedTo(instance)) continue;
      slot.orphan();
      this.#unattached.add(slot);
    }
  }

  /** Those who are attached to some other copy move to this one with its next turn. */
  moveTo(instance: DocumentInstance): void {
    for (const slot of this.#slots.values()) {
      if (slot.isAttachedTo(instance)) continue;
      slot.detach();
      this.#unattached.add(slot);
    }
  }

  attachedAll(results: readonly Attached[]): void {
    for (const { slot, instance, handle, error } of results) {
      countLimit(this.#modules.metrics, error);
      if (handle === undefined) this.end(slot, error);
      else if (slot.isEnded) instance.detach(handle);
      else this.#attached(slot, instance, handle);
    }
  }

  /** The runtime has detached these already. */
  detachedBy(viewers: readonly Viewer[], error: ServiceError): void {
    for (const viewer of viewers) {
      countLimit(this.#modules.metrics, error);
      const slot = this.#slots.get(viewer.id);
      slot?.orphan();
      if (slot !== undefined) this.end(slot, error);
    }
  }

  /**
   * Returns whether a turn is needed. A viewer that waits for credit is only marked: it must not start a walk while memory is
   * ahead of the log. Mostly there was some left, and then a turn, with what arming the guard costs, would find nothing to do.
   */
  creditGrew(slot: ViewerSlot): boolean {
    if (slot.hasCredit) slot.syncCredit();
    else this.#credited.add(slot);
    return this.#credited.size > 0;
  }

  claims(slot: ViewerSlot, claim: ViewerClaim): void {
    if (!slot.isEnded) this.#checks.set(slot, claim);
  }

  checkedAll(results: readonly Checked[]): void {
    for (const { slot, claim, result } of results) {
      if (this.#checks.get(slot) === claim) this.#checks.delete(slot);
      this.#modules.metrics.checks.add(1, { result });
    }
  }

  get hasCredit(): boolean {
    return this.#credited.size > 0;
  }

  /**
   * Hands marked credit to the runtime, right before a delivery. A viewer that had none may get a whole snapshot for it,
   * so only so many of them are served in one turn: what they get reaches the link, and is counted there, before the next
   * ones are.
   */
  syncCredit(): void {
    let hungry = 0;
    for (const slot of this.#credited) {
      if (hungry >= SNAPSHOTS_PER_TURN) return;
      this.#credited.delete(slot);
      if (slot.syncCredit()) hungry++;
    }
  }

  /** The document was told that an agent came or left, and that is durable. */
  told(step: PresenceStep, outcome: CommandOutcome): void {
    if (outcome.status === "refused" && step.kind === "connect") this.endRefused(step, outcome.error);
    else this.presence.told(step);
  }

  send(frames: readonly DueFrame[]): void {
    for (const { viewers: listed, frame, audience } of frames) {
      const viewers = audience?.viewers ?? listed;
      if (audience === undefined || viewers.length < CROWD_MIN) this.#sendToEach(viewers, frame);
      else this.#sendToCrowd(audience, frame);
    }
  }

  #sendToEach(viewers: readonly Viewer[], frame: Frame): void {
    const slots: ViewerSlot[] = [];
    for (const { id } of viewers) {
      const slot = this.#slots.get(id);
      if (slot?.stream.isOpen === true) slots.push(slot);
    }
    if (slots.length === 0) return;
    try {
      this.#modules.sender.sendToMany(
        slots.map(({ stream }) => stream),
        frame,
      );
    } catch (error) {
      this.#endRefused(slots, error);
      return;
    }
    const sent = this.#sentNow(frame);
    for (const slot of slots) slot.sent(sent);
    this.#count(slots.length, frame);
  }

  #sendToCrowd(audience: Audience, frame: Frame): void {
    let crowd = this.#crowds.get(audience);
    if (crowd === undefined) {
      crowd = new Crowd(audience, this.#modules.sender.streamSet());
      this.#crowds.set(audience, crowd);
    }
    crowd.bringUpToDate(this.#slotOf);
    const { size } = crowd;
    if (size === 0) return;
    try {
      crowd.send(frame);
    } catch (error) {
      this.#endRefused(crowd.slots, error);
      return;
    }
    crowd.sent = this.#sentNow(frame);
    this.#count(size, frame);
  }

  /** The connection takes no more: its edge subscribes again when it has caught up. */
  #endRefused(slots: readonly ViewerSlot[], error: unknown): void {
    for (const slot of slots) this.end(slot, ServiceError.from(error));
  }

  #sentNow({ seq, hash }: Frame): SentFrame {
    return { order: ++this.#framesSent, at: this.#modules.clock.monotonicMs(), seq, hash };
  }

  #count(streams: number, { kind }: Frame): void {
    this.#modules.metrics.framesEncoded.add(1);
    this.#modules.metrics.frames.add(streams, { kind });
  }

  #attached(slot: ViewerSlot, instance: DocumentInstance, handle: Viewer): void {
    slot.attached(instance, handle);
    this.#unattached.delete(slot);
  }

  #drop(slot: ViewerSlot, error: ServiceError | undefined, isGone: boolean, graceMs: number): void {
    if (slot.isEnded) return;
    if (this.#slots.get(slot.id) === slot) this.#slots.delete(slot.id);
    this.#unattached.delete(slot);
    this.#credited.delete(slot);
    this.#checks.delete(slot);
    slot.end(error, isGone);
    this.presence.left(slot.agent, this.#modules.clock.monotonicMs(), graceMs);
  }
}
