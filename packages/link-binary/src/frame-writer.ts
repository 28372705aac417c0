import {
  type Carrier,
  encodedMessage,
  FrameType,
  type MessageFrameType,
  type SignalFrameType,
  writeCallHeader,
  writeStreamIds,
} from "@tidewire/link/session";
import { type Codec, Writer } from "@tidewire/wire";
import type { Outbound } from "./outbound.ts";

/** The part of a carrier that writes the frames of calls and streams, straight into the slab. */
export class FrameWriter implements Omit<Carrier, "forget" | "goAway" | "shut"> {
  protected readonly outbound: Outbound;

  constructor(outbound: Outbound) {
    this.outbound = outbound;
  }

  get isCongested(): boolean {
    return this.outbound.isCongested;
  }

  get isFull(): boolean {
    return this.outbound.isFull;
  }

  get outboundMark(): number {
    return this.outbound.mark;
  }

  hasLeft(mark: number): boolean {
    return this.outbound.hasLeft(mark);
  }

  request<Message>(method: number, call: number, deadlineMs: number, codec: Codec<Message>, message: Message): void {
    const at = this.outbound.begin(FrameType.request, method, call);
    writeCallHeader(this.outbound.writer, deadlineMs, 0);
    this.#encode(at, FrameType.request, method, call, codec, message);
  }

  open<Message>(
    method: number,
    stream: number,
    deadlineMs: number,
    credit: number,
    codec: Codec<Message>,
    message: Message,
  ): void {
    const at = this.outbound.begin(FrameType.open, method, stream);
    writeCallHeader(this.outbound.writer, deadlineMs, credit);
    this.#encode(at, FrameType.open, method, stream, codec, message);
  }

  message<Message>(
    type: MessageFrameType,
    method: number,
    stream: number,
    codec: Codec<Message>,
    message: Message,
  ): void {
    const at = this.outbound.begin(type, method, stream);
    this.#encode(at, type, method, stream, codec, message);
  }

  many<Message>(method: number, streams: Uint32Array, codec: Codec<Message>, message: Message): void {
    if (this.outbound.lanes.isEmpty) {
      this.#manyAtOnce(method, streams, codec, message);
      return;
    }
    const parts = this.outbound.lanes.partition(streams);
    if (parts.length === 1) {
      this.#manyAtOnce(method, streams, codec, message);
      return;
    }
    const writer = new Writer();
    codec.encode(writer, message);
    for (const part of parts) this.#manyAtOnce(method, part, encodedMessage, writer.written());
  }

  /** Streams that are all in one lane, or all in none. */
  #manyAtOnce<Message>(method: number, streams: Uint32Array, codec: Codec<Message>, message: Message): void {
    const at = this.outbound.begin(FrameType.downMany, method, 0);
    try {
      writeStreamIds(this.outbound.writer, streams);
      codec.encode(this.outbound.writer, message);
    } catch (thrown) {
      this.outbound.abort(at);
      throw thrown;
    }
    this.outbound.commitMany(at, FrameType.downMany, method, streams);
  }

  #encode<Message>(
    at: number,
    type: FrameType,
    method: number,
    stream: number,
    codec: Codec<Message>,
    message: Message,
  ): void {
    try {
      codec.encode(this.outbound.writer, message);
    } catch (thrown) {
      this.outbound.abort(at);
      throw thrown;
    }
    this.outbound.commit(at, type, method, stream);
  }

  signal(type: SignalFrameType, stream: number): void {
    this.outbound.commit(this.outbound.begin(type, 0, stream), type, 0, stream);
  }

  get grantRound(): number {
    return this.outbound.grantRound;
  }

  grant(stream: number, messages: number, openMark: number, isUrgent: boolean): void {
    this.outbound.grant(stream, messages, openMark, isUrgent);
  }
}
