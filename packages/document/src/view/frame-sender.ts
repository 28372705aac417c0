import type { Frame } from "../runtime/runtime.ts";
import type { ClassTable } from "./class-table.ts";
import type { ViewedDocument } from "./document-views.ts";
import type { FrameBody } from "./frame.ts";
import type { Outbox } from "./outbox.ts";
import type { ViewClass } from "./view-class.ts";
import type { ViewerGroup } from "./viewer-group.ts";
import type { ViewerHandle } from "./viewer-handle.ts";

/** Makes the frames of a delivery, and keeps who is owed one and when a hash is due. */
export class FrameSender {
  readonly #document: ViewedDocument;
  readonly #classes: ClassTable;
  /** Counts the deliveries. */
  delivery = 0;
  /** Monotonic ms from which on some group that was sent frames without a hash is to be sent one. */
  hashOwedAt = Infinity;
  /**
   * Members that were promised a frame even if nothing changes. Their state was right when they resumed and they are told
   * so (`confirmation`), or they resumed from an earlier state and are brought forward.
   */
  readonly owed = new Map<ViewerHandle, "confirmation" | "forward">();

  constructor(document: ViewedDocument, classes: ClassTable) {
    this.#document = document;
    this.#classes = classes;
  }

  /** To all of a group who are ready. */
  send(viewClass: ViewClass, group: ViewerGroup, body: FrameBody, now: number, outbox: Outbox): void {
    const hash = group.isHashDue(now) ? viewClass.plain(group).hash : undefined;
    const frame = this.frame(viewClass, group, body, hash);
    this.sent(group);
    if (hash !== undefined) {
      this.hashSent(group, now);
      viewClass.forgetBytes();
    } else if (!group.owesHash) this.oweHash(group, group.hashDueAt);
    outbox.sendTo(group, frame);
  }

  /** To some members of a group, each counted by itself. */
  sendEach(group: ViewerGroup, viewers: readonly ViewerHandle[], frame: Frame, outbox: Outbox): void {
    for (const viewer of viewers) {
      group.sentTo(viewer);
      this.owed.delete(viewer);
    }
    outbox.send(viewers, frame);
  }

  frame(viewClass: ViewClass, group: ViewerGroup, body: FrameBody, hash: string | undefined): Frame {
    const frame = this.#document.frames.make(body, group.viewSeq, hash);
    if (hash !== undefined) viewClass.sentHash(group, frame.seq, hash);
    return frame;
  }

  /** A frame of this delivery is for all of a group who are ready. */
  sent(group: ViewerGroup): void {
    group.frames++;
    group.sentIn = this.delivery;
    if (this.owed.size === 0) return;
    for (const viewer of this.owed.keys()) {
      if (group.isReady(viewer)) this.owed.delete(viewer);
    }
  }

  hashSent(group: ViewerGroup, now: number): void {
    group.hashDueAt = Math.ceil(now + this.#document.limits.hashIntervalMs);
    group.owesHash = group.restingCount > 0;
    this.#classes.hashSent(group.viewClass);
  }

  oweHash(group: ViewerGroup, at: number): void {
    group.owesHash = true;
    if (at < this.hashOwedAt) this.hashOwedAt = at;
  }

  /**
   * Calls `send` for each group whose stream went silent after frames without a hash and whose time has come: the hash
   * comes alone.
   */
  deliverHashes(now: number, send: (group: ViewerGroup) => void): void {
    const { state, tick, limits } = this.#document;
    this.hashOwedAt = Infinity;
    for (const viewClass of this.#classes.values()) {
      for (let group = viewClass.first; group !== undefined; group = group.next) {
        if (!group.owesHash || group.size === 0) continue;
        if (group.hashDueAt <= now && group.sentIn !== this.delivery && group.isAt(state.root.$stamp, tick)) {
          group.restDrained();
          if (group.readyCount > 0) send(group);
        }
        // Those without credit are asked again.
        if (group.owesHash) this.oweHash(group, Math.max(group.hashDueAt, now + limits.hashIntervalMs));
      }
    }
  }
}
