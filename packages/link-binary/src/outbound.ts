import { ServiceError } from "@tidewire/foundation";
import { CreditCodec, type CreditGrant, creditEntries, GRANT_MAX, PendingGrants } from "@tidewire/link/session";
import { type Codec, MESSAGE_MAX_BYTES, Writer } from "@tidewire/wire";
import type { BinaryLinkLimits } from "./binary-link-options.ts";
import { beginFrame, ControlType, endFrame, HEADER_BYTES } from "./frame.ts";
import { Lanes } from "./lanes.ts";
import type { Traffic } from "./traffic.ts";

/** The part of a socket that takes bytes. */
export interface ByteSink {
  /** `written` is called, later, when the bytes are no longer needed. */
  write(bytes: Uint8Array, written: () => void): void;
}

export interface OutboundReports {
  /** Less waits than before: streams may go on. */
  uncongested(): void;
  /** Far too much waits. */
  overrun(): void;
  /** After `finish`: everything was handed to the socket. */
  finished(): void;
}

const SLAB_BYTES = 16 * 1024;
/** A slab that a large message made larger than this is not used again. */
const SLAB_KEEP_MAX_BYTES = 128 * 1024;
const FREE_SLABS_MAX = 4;
/** A message may be as large as can be on top of a slab that is nearly due. */
const SLAB_MAX_BYTES = MESSAGE_MAX_BYTES + 1024 * 1024;
/**
 * So long a grant that is not urgent waits for a frame to travel with. Alone it would be a write here, and a wake-up and a
 * read there: a tenth of the CPU of both sides at 4,000 operations a second.
 */
const GRANT_WAIT_MS = 5;
const GRANTS_PER_FRAME_MAX = 65_536;
/** A congested connection is so no longer when less than this part of the bound waits. */
const RELIEVED_SHARE = 0.5;

/**
 * The way out of one connection. Frames are encoded straight into a slab, and the slab is written once per turn of the
 * event loop, by `setImmediate`, or at once from `flushBytes` on: a write per frame costs three to six times the CPU
 * (research/link.md section 3), a microtask would be a write per WebSocket message on the edge, and under saturation
 * `setImmediate` may not run for a second, hence the size. What the kernel does not take waits here, not in the socket,
 * so that control frames and grants can pass it and large messages can take turns.
 */
export class Outbound {
  readonly #sink: ByteSink;
  readonly #reports: OutboundReports;
  readonly #limits: BinaryLinkLimits;
  readonly #traffic: Traffic;
  readonly #lanes: Lanes;
  readonly #control = newSlab();
  readonly #free: Writer[] = [];
  readonly #grants = new PendingGrants();
  #held: Writer[] = [];
  #heldBytes = 0;
  /** Handed to the socket and not yet taken by the kernel. */
  #socketBytes = 0;
  /** Number of the slab being filled; slabs leave in this order. */
  #slabNumber = 1;
  #lanedUntil = 0;
  #isFlushDue = false;
  #grantTimer: ReturnType<typeof setTimeout> | undefined;
  #wasCongested = false;
  #isFinishing = false;
  #isOverrun = false;
  #isDestroyed = false;
  /** Counts the times that waiting grants were written. */
  grantRound = 0;
  /** The slab being filled. Encode only between `begin` and `commit`, and look it up again each time. */
  writer = newSlab();

  constructor(sink: ByteSink, reports: OutboundReports, limits: BinaryLinkLimits, traffic: Traffic) {
    this.#sink = sink;
    this.#reports = reports;
    this.#limits = limits;
    this.#traffic = traffic;
    this.#lanes = new Lanes(limits.fragmentBytes);
  }

  /** Bytes of frames that wait here or in the socket. */
  get waitingBytes(): number {
    return this.#socketBytes + this.#heldBytes + this.writer.position + this.#control.position;
  }

  get waitingLargeBytes(): number {
    return this.#lanes.bytes;
  }

  /** Once it is, until half of that has left: the streams that wait then have room for more than a message each. */
  get isCongested(): boolean {
    const share = this.#wasCongested ? RELIEVED_SHARE : 1;
    const isCongested =
      this.waitingBytes >= share * this.#limits.congestedBytes ||
      this.#lanes.bytes * 2 >= share * this.#limits.outboundLargeMaxBytes;
    if (isCongested && !this.#wasCongested) {
      this.#wasCongested = true;
      this.#traffic.stalls++;
    }
    return isCongested;
  }

  get isFull(): boolean {
    return (
      this.waitingBytes >= this.#limits.outboundMaxBytes || this.#lanes.bytes >= this.#limits.outboundLargeMaxBytes
    );
  }

  /** Where the next frame will stand. */
  get mark(): number {
    return this.#slabNumber;
  }

  hasLeft(mark: number): boolean {
    return mark < this.#slabNumber - this.#held.length;
  }

  /** Begins a frame; encode its body into `writer`, then `commit`, or `abort` if that failed. */
  begin(type: number, method: number, stream: number): number {
    return beginFrame(this.writer, type, 0, method, stream);
  }

  /** Ends the frame begun last. One with a large body travels in fragments. */
  commit(frameAt: number, type: number, method: number, stream: number): void {
    const bodyBytes = this.#bodyBytes(frameAt);
    if (bodyBytes > this.#limits.fragmentBytes || this.#lanes.has(stream)) {
      this.#lanes.add(type, method, stream, this.takeBody(frameAt));
    } else this.#endFrame(frameAt);
    this.#wake();
  }

  /** The same for one message to several streams, which are all in one lane, or all in none. */
  commitMany(frameAt: number, type: number, method: number, streams: Uint32Array): void {
    const bodyBytes = this.#bodyBytes(frameAt);
    if (bodyBytes > this.#limits.manyWholeMaxBytes || this.#lanes.has(streams[0] as number)) {
      this.#lanes.addShared(type, method, streams, this.takeBody(frameAt));
    } else this.#endFrame(frameAt);
    this.#wake();
  }

  abort(frameAt: number): void {
    this.writer.truncate(frameAt);
  }

  /** The body of the frame begun last, in memory of its own; the frame itself is taken back. */
  takeBody(frameAt: number): Uint8Array {
    const { writer } = this;
    const body = writer.buffer.subarray(frameAt + HEADER_BYTES, writer.position);
    if (writer.buffer.length <= SLAB_KEEP_MAX_BYTES) {
      const copy = new Uint8Array(body);
      writer.truncate(frameAt);
      return copy;
    }
    this.writer = this.#takeSlab();
    const at = this.writer.reserve(frameAt);
    this.writer.buffer.set(writer.buffer.subarray(0, frameAt), at);
    // A slab of this size is not used again. To copy 10 MiB out of it would take the thread 5 ms; but what waits is counted
    // by its bytes, so none keeps more than twice as many.
    return 2 * body.length >= writer.buffer.length ? body : new Uint8Array(body);
  }

  get lanes(): Lanes {
    return this.#lanes;
  }

  /** A frame of the connection itself. It passes what waits here. */
  control<Message>(type: number, codec: Codec<Message>, message: Message): void {
    const writer = this.#isBacklogged() ? this.#control : this.writer;
    const at = beginFrame(writer, type, 0, 0, 0);
    codec.encode(writer, message);
    endFrame(writer, at);
    this.#traffic.framesOut++;
    this.#wake();
  }

  grant(stream: number, messages: number, openMark: number, isUrgent: boolean): void {
    this.#traffic.grants++;
    if (this.#lanes.has(stream)) {
      const at = this.begin(ControlType.credit, 0, stream);
      CreditCodec.encode(this.writer, { connectionBytes: 0, grants: creditEntries(stream, messages) });
      this.commit(at, ControlType.credit, 0, stream);
      return;
    }
    this.#grants.add(stream, messages, openMark);
    if (isUrgent) this.#wake();
    else this.#grantTimer ??= setTimeout(this.#grantsWaited, GRANT_WAIT_MS).unref();
  }

  readonly #grantsWaited = (): void => {
    this.#grantTimer = undefined;
    // They may have left meanwhile with other frames.
    if (!this.#grants.isEmpty) this.flush();
  };

  forget(stream: number): void {
    this.#lanes.forget(stream);
  }

  /** Writes what may be written now, fragments aside. Otherwise that happens at the end of the turn. */
  flush(): void {
    if (this.#isDestroyed) return;
    this.#putGrants();
    if (this.#control.position > 0) this.#writeControl();
    while (this.#held.length > 0 && !this.#isBlocked()) this.#writeHeld();
    if (this.writer.position > 0 && !this.#isBacklogged()) this.#writeSlab();
    if (this.writer.position >= this.#limits.flushBytes) this.#holdSlab();
    if (this.#isFinishing && !this.#hasWork()) this.#reports.finished();
  }

  /** Nothing comes after this. `finished` is reported when all is handed to the socket. */
  finish(): void {
    this.#isFinishing = true;
    this.#flushAtTurnEnd();
  }

  destroy(): void {
    this.#isDestroyed = true;
    this.#held = [];
    this.#grants.clear();
    clearTimeout(this.#grantTimer);
  }

  #bodyBytes(frameAt: number): number {
    const bytes = this.writer.position - frameAt - HEADER_BYTES;
    const max = this.#limits.messageMaxBytes;
    if (bytes <= max) return bytes;
    this.abort(frameAt);
    throw new ServiceError("limit_exceeded", `a message may have at most ${max} bytes`, {
      details: { limit: "messageMaxBytes", max },
    });
  }

  #endFrame(frameAt: number): void {
    endFrame(this.writer, frameAt);
    this.#traffic.framesOut++;
  }

  #wake(): void {
    if (this.writer.position >= this.#limits.flushBytes) this.flush();
    else this.#flushAtTurnEnd();
    if (this.#isOverrun || this.waitingBytes + this.#lanes.bytes <= this.#limits.outboundHardMaxBytes) return;
    this.#isOverrun = true;
    setImmediate(() => this.#reports.overrun());
  }

  #flushAtTurnEnd(): void {
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    setImmediate(() => {
      this.#isFlushDue = false;
      if (this.#isDestroyed) return;
      this.#cutLanes();
      this.flush();
      if (!this.#lanes.isEmpty && !this.#isBacklogged()) this.#flushAtTurnEnd();
      this.#tellUncongested();
    });
  }

  #isBlocked(): boolean {
    return this.#socketBytes >= this.#limits.socketBytes;
  }

  #isBacklogged(): boolean {
    return this.#held.length > 0 || this.#isBlocked();
  }

  #hasWork(): boolean {
    return this.#held.length > 0 || this.writer.position > 0 || !this.#lanes.isEmpty;
  }

  /**
   * One frame for all grants of the turn: behind everything in the slab, so that a grant never comes before the opening
   * of its stream; past the slabs that wait, if the opening is not in one of them.
   */
  #putGrants(): void {
    if (this.#grants.isEmpty) return;
    const isBacklogged = this.#isBacklogged();
    if (isBacklogged && !this.hasLeft(this.#lanedUntil)) return;
    const writer = isBacklogged ? this.#control : this.writer;
    this.grantRound++;
    const due = isBacklogged ? this.#grants.takeIf(({ openMark }) => this.hasLeft(openMark)) : this.#grants.takeAll();
    const entries = due.some(({ messages }) => messages > GRANT_MAX)
      ? due.flatMap(({ stream, messages }) => creditEntries(stream, messages))
      : due;
    for (let from = 0; from < entries.length; from += GRANTS_PER_FRAME_MAX) {
      this.#writeCredit(writer, entries.slice(from, from + GRANTS_PER_FRAME_MAX));
    }
  }

  #writeCredit(writer: Writer, grants: readonly CreditGrant[]): void {
    const at = beginFrame(writer, ControlType.credit, 0, 0, 0);
    CreditCodec.encode(writer, { connectionBytes: 0, grants });
    endFrame(writer, at);
    this.#traffic.framesOut++;
  }

  /** A fragment of each lane, behind what is in the slab; then it is everyone else's turn. */
  #cutLanes(): void {
    for (let turns = this.#lanes.size; turns > 0 && !this.#isBacklogged(); turns--) {
      const frames = this.#lanes.cut(this.writer);
      this.#lanedUntil = this.#slabNumber;
      this.#traffic.framesOut += frames;
      this.#traffic.fragmentsOut += frames;
      if (this.writer.position >= this.#limits.flushBytes) this.#writeSlab();
    }
  }

  #holdSlab(): void {
    this.#heldBytes += this.writer.position;
    this.#held.push(this.writer);
    this.#nextSlab();
  }

  #writeHeld(): void {
    const slab = this.#held.shift() as Writer;
    this.#heldBytes -= slab.position;
    this.#write(slab);
  }

  #writeSlab(): void {
    const slab = this.writer;
    this.#nextSlab();
    this.#write(slab);
  }

  #nextSlab(): void {
    this.writer = this.#takeSlab();
    this.#slabNumber++;
  }

  #writeControl(): void {
    const bytes = new Uint8Array(this.#control.written());
    this.#control.reset();
    this.#countWrite(bytes.length);
    this.#sink.write(bytes, () => this.#written(bytes.length));
  }

  #write(slab: Writer): void {
    const bytes = slab.written();
    this.#countWrite(bytes.length);
    this.#sink.write(bytes, () => {
      if (slab.buffer.length <= SLAB_KEEP_MAX_BYTES && this.#free.length < FREE_SLABS_MAX) {
        slab.reset();
        this.#free.push(slab);
      }
      this.#written(bytes.length);
    });
  }

  #countWrite(bytes: number): void {
    this.#socketBytes += bytes;
    this.#traffic.flushes++;
    this.#traffic.bytesOut += bytes;
  }

  #written(bytes: number): void {
    const wasBlocked = this.#isBlocked();
    this.#socketBytes -= bytes;
    if (this.#isDestroyed) return;
    if (wasBlocked && !this.#isBlocked()) {
      this.flush();
      if (!this.#lanes.isEmpty) this.#flushAtTurnEnd();
    }
    this.#tellUncongested();
  }

  #tellUncongested(): void {
    if (!this.#wasCongested || this.isCongested) return;
    this.#wasCongested = false;
    this.#reports.uncongested();
  }

  #takeSlab(): Writer {
    return this.#free.pop() ?? newSlab();
  }
}

function newSlab(): Writer {
  return new Writer({ initialBytes: SLAB_BYTES, maxBytes: SLAB_MAX_BYTES });
}
