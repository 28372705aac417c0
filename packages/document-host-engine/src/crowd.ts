import type { Audience } from "@tidewire/document";
import type { StreamSet } from "@tidewire/link";
import type { ViewerFrame } from "@tidewire/protocol-host";
import type { ViewerSlot } from "./viewer-slot.ts";

/** A frame that went to a viewer, as far as it matters for what comes later. */
export interface SentFrame {
  /** Grows with every frame of the document. */
  readonly order: number;
  /** Monotonic ms. */
  readonly at: number;
  readonly seq: number;
  readonly hash: string | undefined;
}

/**
 * What a host keeps of an audience: its viewers' streams as one set, and the last frame they were all sent. A frame costs
 * the same however many they are; what costs is who comes and goes.
 */
export class Crowd {
  /** The last frame that all of them were sent. */
  sent: SentFrame | undefined;
  readonly #audience: Audience;
  readonly #streams: StreamSet<ViewerFrame>;
  readonly #slots: (ViewerSlot | undefined)[] = [];

  constructor(audience: Audience, streams: StreamSet<ViewerFrame>) {
    this.#audience = audience;
    this.#streams = streams;
  }

  /** Streams that are open. */
  get size(): number {
    return this.#streams.size;
  }

  get slots(): ViewerSlot[] {
    return this.#slots.filter((slot) => slot !== undefined);
  }

  /**
   * Takes in who came and lets go who went since the last time; right before each frame. Until then a slot that went may
   * be in another crowd already.
   */
  bringUpToDate(slotOf: (id: string) => ViewerSlot | undefined): void {
    const { viewers } = this.#audience;
    const before = this.#slots.length;
    const changes = this.#audience.takeChanges() ?? places(0, Math.max(viewers.length, before));
    for (const place of changes) this.#letGo(place);
    // Who stood here may have moved up, or have moved up and gone.
    for (const place of places(viewers.length, before)) this.#letGo(place);
    this.#slots.length = Math.min(before, viewers.length);
    for (const place of changes) if (place < viewers.length) this.#takeIn(place, slotOf(viewers[place]!.id));
  }

  send(frame: ViewerFrame): void {
    this.#streams.send(frame);
  }

  #letGo(place: number): void {
    const slot = this.#slots[place];
    this.#slots[place] = undefined;
    if (slot === undefined || !slot.leave(this)) return;
    this.#streams.delete(slot.stream);
  }

  #takeIn(place: number, slot: ViewerSlot | undefined): void {
    this.#slots[place] = slot;
    if (slot === undefined) return;
    slot.join(this);
    this.#streams.add(slot.stream);
  }
}

function places(from: number, to: number): readonly number[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, index) => from + index);
}
