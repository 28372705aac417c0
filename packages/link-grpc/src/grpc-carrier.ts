import { ServiceError, type Timer } from "@tidewire/foundation";
import { LinkError } from "@tidewire/link";
import {
  type CarriedSession,
  type Carrier,
  CreditCodec,
  creditEntries,
  encodedMessage,
  FrameType,
  GoAwayCodec,
  type MessageFrameType,
  type SignalFrameType,
  writeCallHeader,
  writeStreamIds,
} from "@tidewire/link/session";
import { ControlType } from "@tidewire/link-binary/handshake";
import { type Codec, Reader, Writer } from "@tidewire/wire";
import { GrantSender, type StreamGrant } from "./grant-sender.ts";
import type { Greeter, GrpcBreakReason, GrpcCarrierModules } from "./grpc-carrier-modules.ts";
import type { GrpcLinkLimits } from "./grpc-link-options.ts";
import { beginMessage, HEADER_BYTES, takeHeader } from "./grpc-message.ts";
import { type GrpcCall, GrpcPipe, type GrpcPipeReports } from "./grpc-pipe.ts";
import { Inbox } from "./inbox.ts";
import { OutboundAccount } from "./outbound-account.ts";
import { writeTogether } from "./write-together.ts";

/** A larger scratch buffer is given back after use. */
const SCRATCH_KEEP_MAX_BYTES = 256 * 1024;
/** Room for headers and stream ids in front of the largest body. */
const HEADER_MARGIN_BYTES = 64 * 1024;
const FIRST_SESSION_TYPE = 16;

/**
 * A connection over gRPC as a carrier of sessions. One bidirectional gRPC stream, the control stream, makes the
 * connection: it carries the handshake, all calls and go-away, and its end is the end of everything. A stream of the port
 * either has a gRPC stream of its own or shares the control stream; a frame goes where its stream is.
 */
export class GrpcCarrier implements Carrier {
  readonly #modules: GrpcCarrierModules;
  readonly #limits: GrpcLinkLimits;
  readonly #greeter: Greeter;
  readonly #account: OutboundAccount;
  readonly #control: GrpcPipe;
  /** Streams with a gRPC stream of their own. */
  readonly #pipes = new Map<number, GrpcPipe>();
  /** gRPC streams that were opened for a stream and have not said for which. */
  readonly #nameless = new Set<GrpcPipe>();
  /** Makes a gRPC stream for a stream to be opened; undefined where they share the control stream. */
  readonly #openCall: (() => GrpcCall) | undefined;
  #writer: Writer;
  readonly #reader = new Reader();
  readonly #grants: GrantSender;
  readonly #inbox = new Inbox((bytes) => this.#take(bytes));
  #session: CarriedSession | undefined;
  #closeTimer: Timer | undefined;
  #isLeaving = false;
  #isEnded = false;

  constructor(
    control: GrpcCall,
    modules: GrpcCarrierModules,
    limits: GrpcLinkLimits,
    settings: { readonly greeter: Greeter; readonly openCall: (() => GrpcCall) | undefined },
  ) {
    this.#modules = modules;
    this.#limits = limits;
    this.#greeter = settings.greeter;
    this.#openCall = settings.openCall;
    this.#writer = this.#newWriter();
    this.#grants = new GrantSender(modules.clock, (grants) => this.#sendGrants(grants));
    this.#account = new OutboundAccount(limits, {
      uncongested: () => this.#session?.uncongested?.(),
      overrun: () => this.#break("overrun", "the peer does not read"),
    });
    this.#control = this.#pipeOn(control, {
      message: (bytes) => this.#received(bytes),
      closed: (error) => this.#inbox.behind(() => this.#controlClosed(error)),
    });
  }

  // Life.

  attach(session: CarriedSession): void {
    this.#session = session;
  }

  get waitingBytes(): number {
    return this.#account.waitingBytes;
  }

  get inFlight(): number {
    return this.#session?.inFlight ?? 0;
  }

  /** A message of the handshake. */
  greet(type: number, body: Uint8Array): void {
    this.#send(this.#control, type, 0, 0, encodedMessage, body);
  }

  greetAndClose(type: number, body: Uint8Array): void {
    this.greet(type, body);
    this.shut();
  }

  /** A gRPC stream the dialler opened for one stream; its first message says which. */
  adopt(call: GrpcCall): void {
    let stream = 0;
    const pipe = this.#pipeOn(call, {
      message: (bytes) => {
        if (stream === 0) {
          try {
            stream = this.#named(pipe, bytes);
          } catch (thrown) {
            // grpc-js calls this from its own code, where what is thrown would end the process.
            this.#protocolFault(thrown);
            return;
          }
        }
        this.#received(bytes);
      },
      closed: () => {
        pipe.end();
        this.#nameless.delete(pipe);
        this.#inbox.behind(() => this.#pipeClosed(stream, pipe));
      },
    });
    this.#nameless.add(pipe);
    if (this.#nameless.size <= this.#limits.inFlightMax) return;
    this.#protocolFault(new ServiceError("limit_exceeded", "too many streams do not say which they are"));
  }

  /** Its first message says which stream it is. */
  #named(pipe: GrpcPipe, bytes: Buffer): number {
    const { stream } = takeHeader(this.#reader.reset(bytes));
    if (this.#pipes.has(stream)) throw new ServiceError("invalid_argument", `stream ${stream} is in use`);
    this.#nameless.delete(pipe);
    this.#pipes.set(stream, pipe);
    return stream;
  }

  /** Ends the connection at once. */
  abort(error: ServiceError | undefined): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#closeTimer?.cancel();
    this.#control.cancel();
    for (const pipe of [...this.#pipes.values(), ...this.#nameless]) pipe.cancel();
    this.#pipes.clear();
    this.#nameless.clear();
    this.#grants.clear();
    this.#inbox.clear();
    this.#session?.closed(error);
  }

  #break(reason: GrpcBreakReason, message: string, cause?: unknown): void {
    if (!this.#isEnded && this.#session !== undefined) this.#modules.broke(reason);
    this.abort(new LinkError("unavailable", message, true, { cause }));
  }

  #controlClosed(cause: Error | undefined): void {
    this.#control.end();
    if (this.#session === undefined) {
      this.abort(undefined);
      this.#greeter.over(cause);
    } else if (this.#isLeaving) this.abort(undefined);
    else this.#break("network", cause?.message ?? "the peer closed without a word", cause);
  }

  #pipeClosed(stream: number, pipe: GrpcPipe): void {
    // Closed with the control stream: that is the end of the connection, not the opener's wish.
    if (this.#pipes.get(stream) !== pipe || this.#control.isClosed) return;
    this.#pipes.delete(stream);
    // Not by a message that said so: it was cancelled, or gRPC gave it up.
    if (this.#session?.isLive(stream) !== true) return;
    if (this.#openCall === undefined) {
      this.#session.receive(FrameType.cancel, 0, stream, this.#reader.reset(new Uint8Array(0)), true);
    } else this.#session.refuseInbound(stream, new LinkError("unavailable", "the stream broke", true));
  }

  // The way in.

  #received(bytes: Buffer): void {
    this.#modules.traffic.messagesIn++;
    this.#modules.traffic.bytesIn += bytes.length;
    // Nobody waits for a batch of the handshake, and what belongs to it must be through before the session takes over.
    const isHandedOver = this.#session === undefined || this.#modules.tuning === "public";
    if (isHandedOver) this.#take(bytes);
    else this.#inbox.message(bytes);
  }

  #take(bytes: Buffer): void {
    try {
      this.#frame(this.#reader.reset(bytes));
    } catch (thrown) {
      this.#protocolFault(thrown);
    }
  }

  #frame(reader: Reader): void {
    const { type, method, stream } = takeHeader(reader);
    const session = this.#session;
    if (session === undefined) {
      this.#greeter.frame(type, reader);
    } else if (type >= FIRST_SESSION_TYPE) {
      session.receive(type as FrameType, method, stream, reader, true);
      if (type === FrameType.end || type === FrameType.error) this.#retire(stream);
    } else if (type === ControlType.credit) {
      for (const grant of CreditCodec.decode(reader).grants) session.granted?.(grant.stream, grant.messages);
    } else if (type === ControlType.goAway) {
      this.#isLeaving = true;
      session.peerGoAway?.();
    } else throw new ServiceError("invalid_argument", `unknown message type ${type}`);
  }

  #protocolFault(thrown: unknown): void {
    if (this.#session !== undefined) {
      this.#modules.logger.error({ error: thrown }, "the peer broke the link's protocol");
    }
    this.#break("protocol", "the peer broke the link's protocol", thrown);
    if (this.#session === undefined) this.#greeter.over(thrown);
  }

  // The way out.

  get isCongested(): boolean {
    return this.#account.isCongested;
  }

  get isFull(): boolean {
    return this.#account.isFull;
  }

  get outboundMark(): number {
    return 0;
  }

  /** gRPC does not tell. */
  hasLeft(): boolean {
    return true;
  }

  request<Message>(method: number, call: number, deadlineMs: number, codec: Codec<Message>, message: Message): void {
    beginMessage(this.#writer, FrameType.request, method, call);
    writeCallHeader(this.#writer, deadlineMs, 0);
    this.#finish(() => this.#control, codec, message);
  }

  open<Message>(
    method: number,
    stream: number,
    deadlineMs: number,
    credit: number,
    codec: Codec<Message>,
    message: Message,
  ): void {
    beginMessage(this.#writer, FrameType.open, method, stream);
    writeCallHeader(this.#writer, deadlineMs, credit);
    this.#finish(() => this.#newPipe(stream), codec, message);
  }

  message<Message>(
    type: MessageFrameType,
    method: number,
    stream: number,
    codec: Codec<Message>,
    message: Message,
  ): void {
    const pipe = this.#pipeOf(stream);
    this.#send(pipe, type, method, stream, codec, message);
    if (type === FrameType.error && pipe !== this.#control) this.#retire(stream);
  }

  many<Message>(method: number, streams: Uint32Array, codec: Codec<Message>, message: Message): void {
    if (this.#pipes.size === 0) {
      beginMessage(this.#writer, FrameType.downMany, method, 0);
      writeStreamIds(this.#writer, streams);
      this.#finish(() => this.#control, codec, message);
      return;
    }
    const writer = new Writer();
    codec.encode(writer, message);
    for (const stream of streams) this.message(FrameType.down, method, stream, encodedMessage, writer.written());
  }

  signal(type: SignalFrameType, stream: number): void {
    const pipe = this.#pipes.get(stream);
    if (type === FrameType.cancel && pipe !== undefined) {
      this.#pipes.delete(stream);
      pipe.cancel();
      return;
    }
    beginMessage(this.#writer, type, 0, stream);
    this.#write(this.#pipeOf(stream));
    if (type === FrameType.end) this.#retire(stream);
  }

  get grantRound(): number {
    return this.#grants.round;
  }

  grant(stream: number, messages: number, openMark: number, isUrgent: boolean): void {
    this.#grants.add(stream, messages, openMark, isUrgent);
  }

  /** What it was granted and not told does no harm: the peer ignores grants of streams that have ended. */
  forget(): void {}

  goAway(graceMs: number): void {
    this.#isLeaving = true;
    const body = { graceMs: Math.max(0, graceMs), code: 0, message: "" };
    this.#send(this.#control, ControlType.goAway, 0, 0, GoAwayCodec, body);
  }

  shut(): void {
    if (this.#isEnded || this.#closeTimer !== undefined) return;
    this.#isLeaving = true;
    this.#closeTimer = this.#modules.clock.after(this.#limits.closeTimeoutMs, () => this.abort(undefined));
    this.#control.end();
  }

  /** Its last message was sent or has come. */
  #retire(stream: number): void {
    const pipe = this.#pipes.get(stream);
    this.#pipes.delete(stream);
    pipe?.end();
  }

  #sendGrants(grants: readonly StreamGrant[]): void {
    const shared: StreamGrant[] = [];
    for (const { stream, messages } of grants) {
      const pipe = this.#pipes.get(stream);
      const entries = creditEntries(stream, messages);
      if (pipe === undefined) shared.push(...entries);
      else this.#send(pipe, ControlType.credit, 0, stream, CreditCodec, { connectionBytes: 0, grants: entries });
    }
    if (shared.length === 0 || this.#isEnded) return;
    this.#send(this.#control, ControlType.credit, 0, 0, CreditCodec, { connectionBytes: 0, grants: shared });
  }

  #newPipe(stream: number): GrpcPipe {
    if (this.#openCall === undefined) return this.#control;
    const pipe = this.#pipeOn(this.#openCall(), {
      message: (bytes) => this.#received(bytes),
      closed: () => this.#inbox.behind(() => this.#pipeClosed(stream, pipe)),
    });
    this.#pipes.set(stream, pipe);
    return pipe;
  }

  #pipeOn(call: GrpcCall, reports: GrpcPipeReports): GrpcPipe {
    if (this.#modules.tuning === "internals") writeTogether(call);
    return new GrpcPipe(call, this.#account, reports);
  }

  #pipeOf(stream: number): GrpcPipe {
    return (this.#pipes.size > 0 ? this.#pipes.get(stream) : undefined) ?? this.#control;
  }

  #send<Message>(
    pipe: GrpcPipe,
    type: number,
    method: number,
    stream: number,
    codec: Codec<Message>,
    message: Message,
  ): void {
    beginMessage(this.#writer, type, method, stream);
    this.#finish(() => pipe, codec, message);
  }

  /** Encodes the body; only if that succeeded is there a pipe. */
  #finish<Message>(pipe: () => GrpcPipe, codec: Codec<Message>, message: Message): void {
    codec.encode(this.#writer, message);
    const max = this.#limits.messageMaxBytes;
    if (this.#writer.position - HEADER_BYTES > max) {
      throw new ServiceError("limit_exceeded", `a message may have at most ${max} bytes`, {
        details: { limit: "messageMaxBytes", max },
      });
    }
    this.#write(pipe());
  }

  #write(pipe: GrpcPipe): void {
    const bytes = Buffer.from(this.#writer.written());
    this.#modules.traffic.messagesOut++;
    this.#modules.traffic.bytesOut += bytes.length;
    pipe.write(bytes);
    if (this.#openCall === undefined) this.#grants.flush();
    if (this.#writer.buffer.length > SCRATCH_KEEP_MAX_BYTES) this.#writer = this.#newWriter();
  }

  #newWriter(): Writer {
    return new Writer({ maxBytes: this.#limits.messageMaxBytes + HEADER_MARGIN_BYTES });
  }
}
