import type { Writer } from "@tidewire/wire";
import { beginFrame, endFrame, Flag, HEADER_BYTES } from "./frame.ts";

/** A message on its way in fragments, or a small one that has to stay behind such a message. */
interface LaneItem {
  readonly type: number;
  readonly method: number;
  readonly stream: number;
  readonly body: Uint8Array;
  /** Belongs to several streams, so that no single one of them can take it back. */
  readonly isShared: boolean;
  offset: number;
}

interface Lane {
  items: LaneItem[];
  readonly streams: Set<number>;
}

/** In front of the first fragment's part of the body: u32, the length of the whole body. */
const TOTAL_BYTES = 4;

/**
 * Messages that are too large for one frame, cut into fragments that take turns with each other and with everything
 * else. While a stream has a large message under way, whatever it sends next waits in the same lane, so that its order
 * is kept; other streams do not notice.
 */
export class Lanes {
  readonly #fragmentBytes: number;
  readonly #lanes: Lane[] = [];
  readonly #laneOf = new Map<number, Lane>();
  #bytes = 0;

  constructor(fragmentBytes: number) {
    this.#fragmentBytes = fragmentBytes;
  }

  /** Bytes of bodies that are not in a frame yet. */
  get bytes(): number {
    return this.#bytes;
  }

  /** How many lanes there are. */
  get size(): number {
    return this.#lanes.length;
  }

  get isEmpty(): boolean {
    return this.#lanes.length === 0;
  }

  has(stream: number): boolean {
    return this.#laneOf.size > 0 && this.#laneOf.has(stream);
  }

  /** `body` belongs to the lane from now on. */
  add(type: number, method: number, stream: number, body: Uint8Array): void {
    this.#push(this.#laneFor(Uint32Array.of(stream)), { type, method, stream, body, isShared: false, offset: 0 });
  }

  /** One message for several streams, which must be all in the same lane or all in none; see `partition`. */
  addShared(type: number, method: number, streams: Uint32Array, body: Uint8Array): void {
    const stream = streams[0] as number;
    this.#push(this.#laneFor(streams), { type, method, stream, body, isShared: true, offset: 0 });
  }

  /** Splits streams by the lane they are in; those without one come together, too. */
  partition(streams: Uint32Array): Uint32Array[] {
    const parts = new Map<Lane | undefined, number[]>();
    for (const stream of streams) {
      const lane = this.#laneOf.get(stream);
      const part = parts.get(lane);
      if (part === undefined) parts.set(lane, [stream]);
      else part.push(stream);
    }
    return parts.size === 1 ? [streams] : Array.from(parts.values(), (part) => Uint32Array.from(part));
  }

  /** Takes back what waits for this stream alone. */
  forget(stream: number): void {
    const lane = this.#laneOf.get(stream);
    if (lane === undefined) return;
    this.#laneOf.delete(stream);
    lane.streams.delete(stream);
    const isKept = (item: LaneItem): boolean => item.isShared || item.stream !== stream;
    for (const item of lane.items) if (!isKept(item)) this.#bytes -= item.body.length - item.offset;
    lane.items = lane.items.filter(isKept);
    if (lane.items.length === 0) this.#remove(lane);
  }

  /** Writes one fragment's worth of the lane whose turn it is. Returns the number of frames written. */
  cut(writer: Writer): number {
    const lane = this.#lanes.shift();
    if (lane === undefined) return 0;
    let frames = 0;
    let room = this.#fragmentBytes;
    while (room > 0) {
      const item = lane.items[0];
      if (item === undefined) break;
      // Not worth cutting for what is left of this turn.
      if (frames > 0 && item.offset === 0 && item.body.length > room) break;
      room -= this.#cutItem(writer, item, room);
      frames++;
      if (item.offset === item.body.length) lane.items.shift();
    }
    if (lane.items.length > 0) this.#lanes.push(lane);
    else this.#release(lane);
    return frames;
  }

  /** Writes one frame, of at most about `room` bytes, and returns how many bytes of the body it took. */
  #cutItem(writer: Writer, item: LaneItem, room: number): number {
    const left = item.body.length - item.offset;
    const taken = Math.min(left, Math.max(room, 1));
    const isFirst = item.offset === 0;
    const isLast = taken === left;
    const flags = (isLast ? 0 : Flag.more) | (isFirst ? 0 : Flag.continued);
    const at = beginFrame(writer, item.type, flags, item.method, item.stream);
    if (isFirst && !isLast) {
      const totalAt = writer.reserve(TOTAL_BYTES);
      writer.view.setUint32(totalAt, item.body.length, true);
    }
    const bodyAt = writer.reserve(taken);
    writer.buffer.set(item.body.subarray(item.offset, item.offset + taken), bodyAt);
    endFrame(writer, at);
    item.offset += taken;
    this.#bytes -= taken;
    // An empty message still uses up a turn.
    return Math.max(taken, HEADER_BYTES);
  }

  #push(lane: Lane, item: LaneItem): void {
    lane.items.push(item);
    this.#bytes += item.body.length;
  }

  #laneFor(streams: Uint32Array): Lane {
    const known = this.#laneOf.get(streams[0] as number);
    if (known !== undefined) return known;
    const lane: Lane = { items: [], streams: new Set(streams) };
    for (const stream of streams) this.#laneOf.set(stream, lane);
    this.#lanes.push(lane);
    return lane;
  }

  #remove(lane: Lane): void {
    const index = this.#lanes.indexOf(lane);
    if (index >= 0) this.#lanes.splice(index, 1);
    this.#release(lane);
  }

  #release(lane: Lane): void {
    for (const stream of lane.streams) this.#laneOf.delete(stream);
  }
}
