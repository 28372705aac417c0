import type { ServiceError } from "@tidewire/foundation";
import type { Codec, Reader } from "@tidewire/wire";

/** What a frame is; the values are those on the wire (link-binary/FORMAT.md). */
export const FrameType = {
  open: 16,
  opened: 17,
  request: 18,
  response: 19,
  error: 20,
  down: 21,
  downMany: 22,
  /** The dialling side gives up a call or stream. */
  cancel: 23,
  /** The serving side ends a stream in order. */
  end: 24,
  up: 25,
} as const;

export type FrameType = (typeof FrameType)[keyof typeof FrameType];
export type MessageFrameType =
  | typeof FrameType.response
  | typeof FrameType.error
  | typeof FrameType.down
  | typeof FrameType.up;
export type SignalFrameType = typeof FrameType.opened | typeof FrameType.cancel | typeof FrameType.end;

/**
 * What a session needs of the thing that moves its frames: memory, a TCP connection, a gRPC stream. A carrier keeps the
 * frames of one stream in order. Nothing here calls back into the session before it returns. An encoder that throws
 * leaves nothing behind and the error goes to the caller.
 */
export interface Carrier {
  /** More waits than the peer takes in: streams pause. */
  readonly isCongested: boolean;
  /** More waits than the bound allows: new calls, streams and `up` messages are refused. */
  readonly isFull: boolean;
  /** Whether what the peer sent comes faster than this side takes it in, where a carrier can tell. */
  readonly isBehind?: boolean;
  /** Where in the outbound order the next frame will stand; for `hasLeft`. */
  readonly outboundMark: number;
  /** Whether a frame written at that mark may have left this process. In doubt, true. */
  hasLeft(mark: number): boolean;

  request<Message>(method: number, call: number, deadlineMs: number, codec: Codec<Message>, message: Message): void;
  open<Message>(
    method: number,
    stream: number,
    deadlineMs: number,
    credit: number,
    codec: Codec<Message>,
    message: Message,
  ): void;
  message<Message>(
    type: MessageFrameType,
    method: number,
    stream: number,
    codec: Codec<Message>,
    message: Message,
  ): void;
  /** One message for several streams of the same method. */
  many<Message>(method: number, streams: Uint32Array, codec: Codec<Message>, message: Message): void;
  signal(type: SignalFrameType, stream: number): void;
  /** Counts the times that waiting grants were sent. */
  readonly grantRound: number;
  /**
   * Grants of one turn may travel together, but never before the frame written at `openMark`. One that is not urgent may
   * wait a few milliseconds for other frames to travel with.
   */
  grant(stream: number, messages: number, openMark: number, isUrgent: boolean): void;
  /** The stream is over on this side: what waits for it need not be sent, nor what arrives be put together. */
  forget(stream: number): void;
  goAway(graceMs: number): void;
  /** Sends what waits and closes; the carrier reports back through the session's `closed`. */
  shut(): void;
}

/** What a carrier tells its session, of either side; only a dialling one is told of go-away, only a serving one of credit. */
export interface CarriedSession {
  readonly inFlight: number;
  isLive(id: number): boolean;
  receive(type: FrameType, method: number, id: number, body: Reader, isOwned: boolean): void;
  /** A large message that could not be put together. */
  refuseInbound(id: number, error: ServiceError): void;
  closed(error: ServiceError | undefined): void;
  granted?(id: number, messages: number): void;
  uncongested?(): void;
  peerGoAway?(): void;
}
