import type { Clock, ServiceError } from "@tidewire/foundation";
import { type Codec, MESSAGE_MAX_BYTES, Reader, Writer } from "@tidewire/wire";
import {
  type CarriedSession,
  type Carrier,
  FrameType,
  type MessageFrameType,
  type SignalFrameType,
} from "../session/carrier.ts";
import { writeCallHeader, writeStreamIds } from "../session/frame-body.ts";
import type { MemoryFrame, MemoryWire } from "./memory-wire.ts";

export interface MemoryLimits {
  /** Of small messages. From here on streams pause. */
  readonly congestedBytes: number;
  /** Of small messages. From here on new calls, streams and `up` messages are refused with `overloaded`. */
  readonly outboundMaxBytes: number;
  /** The same for large messages, which must not shut out the small ones; streams pause at half of it. */
  readonly outboundLargeMaxBytes: number;
  /** Answers still go out beyond all that; here the connection breaks. */
  readonly outboundHardMaxBytes: number;
}

/** What the connection hears from its ends. */
export interface MemoryCarrierReports {
  /** Far too much waits: both ends are to break. */
  breakDown(): void;
  closed(): void;
}

/** One end of a connection in memory. Messages are encoded and decoded as on a real link. */
export class MemoryCarrier implements Carrier {
  readonly #clock: Clock;
  readonly #limits: MemoryLimits;
  readonly #writer = new Writer({ maxBytes: MESSAGE_MAX_BYTES });
  readonly #reader = new Reader();
  readonly #outbound: MemoryWire;
  readonly #reports: MemoryCarrierReports;
  #session: CarriedSession | undefined;
  #isShut = false;
  #isClosed = false;
  #wasCongested = false;

  constructor(clock: Clock, outbound: MemoryWire, reports: MemoryCarrierReports, limits: MemoryLimits) {
    this.#clock = clock;
    this.#outbound = outbound;
    this.#reports = reports;
    this.#limits = limits;
  }

  attach(session: CarriedSession): void {
    this.#session = session;
  }

  get isCongested(): boolean {
    const { waitingBytes, waitingLargeBytes } = this.#outbound;
    return waitingBytes >= this.#limits.congestedBytes || waitingLargeBytes * 2 >= this.#limits.outboundLargeMaxBytes;
  }

  get isFull(): boolean {
    const { waitingBytes, waitingLargeBytes } = this.#outbound;
    return waitingBytes >= this.#limits.outboundMaxBytes || waitingLargeBytes >= this.#limits.outboundLargeMaxBytes;
  }

  get outboundMark(): number {
    return 0;
  }

  /** Whatever was sent may have been delivered. */
  hasLeft(): boolean {
    return true;
  }

  request<Message>(method: number, call: number, deadlineMs: number, codec: Codec<Message>, message: Message): void {
    this.#writer.reset();
    writeCallHeader(this.#writer, deadlineMs, 0);
    this.#send(FrameType.request, method, call, codec, message);
  }

  open<Message>(
    method: number,
    stream: number,
    deadlineMs: number,
    credit: number,
    codec: Codec<Message>,
    message: Message,
  ): void {
    this.#writer.reset();
    writeCallHeader(this.#writer, deadlineMs, credit);
    this.#send(FrameType.open, method, stream, codec, message);
  }

  message<Message>(type: MessageFrameType, method: number, id: number, codec: Codec<Message>, message: Message): void {
    this.#writer.reset();
    this.#send(type, method, id, codec, message);
  }

  many<Message>(method: number, streams: Uint32Array, codec: Codec<Message>, message: Message): void {
    this.#writer.reset();
    writeStreamIds(this.#writer, streams);
    this.#send(FrameType.downMany, method, 0, codec, message);
  }

  signal(type: SignalFrameType, id: number): void {
    this.#put({ kind: "frame", type, method: 0, id, body: new Uint8Array(0) });
  }

  readonly grantRound = 0;

  grant(id: number, messages: number): void {
    this.#put({ kind: "grant", id, messages });
  }

  forget(): void {}

  goAway(graceMs: number): void {
    this.#put({ kind: "goAway", graceMs });
  }

  shut(): void {
    if (this.#isShut) return;
    this.#put({ kind: "fin" });
    this.#isShut = true;
    this.#clock.after(0, () => this.close(undefined));
  }

  /** The connection is over for this end. */
  close(error: ServiceError | undefined): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#isShut = true;
    this.#session?.closed(error);
    this.#reports.closed();
  }

  /** A frame of the other end has arrived. */
  receive(frame: MemoryFrame): void {
    if (this.#isClosed) return;
    if (frame.kind === "frame") {
      this.#session?.receive(frame.type, frame.method, frame.id, this.#reader.reset(frame.body), true);
    } else if (frame.kind === "grant") this.#session?.granted?.(frame.id, frame.messages);
    else if (frame.kind === "goAway") this.#session?.peerGoAway?.();
    else this.close(undefined);
  }

  /** What was sent has arrived. */
  delivered(): void {
    if (!this.#wasCongested || this.isCongested) return;
    this.#wasCongested = false;
    if (!this.#isClosed) this.#session?.uncongested?.();
  }

  #send<Message>(type: FrameType, method: number, id: number, codec: Codec<Message>, message: Message): void {
    codec.encode(this.#writer, message);
    this.#put({ kind: "frame", type, method, id, body: this.#writer.written().slice() });
  }

  #put(frame: MemoryFrame): void {
    if (this.#isShut) return;
    this.#outbound.send(frame);
    if (this.isCongested) this.#wasCongested = true;
    if (this.#outbound.waitingBytes + this.#outbound.waitingLargeBytes > this.#limits.outboundHardMaxBytes) {
      this.#isShut = true;
      this.#clock.after(0, () => this.#reports.breakDown());
    }
  }
}
