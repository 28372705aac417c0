import type { ServiceError } from "@tidewire/foundation";
import type { StreamMethod, UnaryMethod } from "@tidewire/wire";

/**
 * The link: how two Tidewire processes talk. One connection per pair of peers carries any number of unary calls and
 * credit-controlled streams. Three implementations pass one compliance suite: memory, binary over TCP, gRPC.
 *
 * Guarantees every implementation gives:
 * - messages of one stream arrive in the order in which they were sent, and whole; between streams and calls nothing is
 *   promised, because a large message is interleaved with the others;
 * - every call ends exactly once, with its response or a `ServiceError`, at the latest at its deadline;
 * - every stream ends exactly once on each side, also when the connection breaks (`unavailable`);
 * - the serving side of a stream never has more `down` messages under way than the opener granted;
 * - messages of one turn of the event loop are sent and handed over in few turns, not in one for each: what came together
 *   is handed over in one step, without a microtask in between, so that a receiver can work on it as a batch;
 * - what waits to be sent is bounded; what exceeds the bound is refused with `overloaded`, never dropped in silence.
 */

/** Who is on the other end, as it says itself; the handshake proves that it belongs to the cluster, not which of it it is. */
export interface LinkPeer {
  readonly nodeId: string;
  /** `edge-proxy`, `document-host`, `log-storage`, `routing-table`, or a tool. */
  readonly role: string;
}

export interface CallOptions {
  /** Overrides the deadline of the definition. Milliseconds from now. */
  readonly deadlineMs?: number;
}

/** The dialling side of an established connection. */
export interface LinkConnection {
  readonly peer: LinkPeer;
  /** Takes new calls and streams. False from go-away on, while what is in flight may still end. */
  readonly isOpen: boolean;
  /** Calls and streams that have not ended. */
  readonly inFlight: number;
  /** `bytes` fields of the response belong to the caller. What fails because of the link itself is a `LinkError`. */
  call<Request, Response>(
    method: UnaryMethod<Request, Response>,
    request: Request,
    options?: CallOptions,
  ): Promise<Response>;
  /** Opens a stream. A refusal by the serving side arrives as `end` with an error. */
  open<Open, Up, Down>(
    method: StreamMethod<Open, Up, Down>,
    request: Open,
    handlers: ClientStreamHandlers<Down>,
    options?: { readonly credit?: number },
  ): ClientStream<Up>;
  /** Calls back once when either side said go-away, before `onClose`; not when the connection breaks. */
  onGoAway(listener: () => void): void;
  /** Calls back once, at once if it is closed already; `undefined` means an orderly close. */
  onClose(listener: (error: ServiceError | undefined) => void): void;
  /** Says go-away, lets calls in flight end for at most `graceMs`, then closes. */
  close(graceMs?: number): Promise<void>;
}

export interface ClientStream<Up> {
  readonly id: number;
  readonly isOpen: boolean;
  /** Dropped if the stream has ended. Throws `overloaded` when the connection's outbound bound is reached. */
  send(message: Up): void;
  /**
   * Lets the serving side send `messages` more `down` messages. Grants of one turn travel together; while the serving side
   * has half of its first credit left, they may wait some milliseconds for other frames to travel with.
   */
  grant(messages: number): void;
  /** Ends the stream from this side; `end` is not called any more. */
  cancel(): void;
}

export interface ClientStreamHandlers<Down> {
  /** `bytes` fields are only valid during the call. */
  message(message: Down): void;
  /** Exactly once; `undefined` means the serving side ended it in order. */
  end(error: ServiceError | undefined): void;
}

/** The serving side of one stream. */
export interface ServerStream<Down> {
  readonly peer: LinkPeer;
  readonly isOpen: boolean;
  /**
   * Messages that may be sent now. Also 0 while more waits on the connection than the peer takes in; `credit()` of the
   * handlers is called when that is over, if this was read meanwhile.
   */
  readonly credit: number;
  /** Uses one credit; sending without credit is a programmer error and throws. */
  send(message: Down): void;
  end(error?: ServiceError): void;
}

/** What these throw ends the stream with that error. */
export interface ServerStreamHandlers<Up> {
  /** `bytes` fields are only valid during the call. */
  message?(message: Up): void;
  /** The opener granted credit; `stream.credit` is the new amount. */
  credit?(): void;
  /**
   * Exactly once, when the stream ended and not by `stream.end`: without an error the opener cancelled it or left in order;
   * with one the connection broke (a `LinkError`) or a message of it failed here, and the opener may come back.
   */
  cancelled?(error: ServiceError | undefined): void;
}

export interface CallContext {
  readonly peer: LinkPeer;
  /** Monotonic milliseconds at which the caller gives up. */
  readonly deadlineAt: number;
  /** The caller gave up or is gone: whatever is answered is thrown away. */
  readonly isCancelled: boolean;
}

/** `bytes` fields of the request belong to the handler. What it throws reaches the caller as a `ServiceError`. */
export type UnaryHandler<Request, Response> = (request: Request, context: CallContext) => Response | Promise<Response>;
/** `bytes` fields of the request belong to the handler. A throw refuses the stream. */
export type StreamHandler<Open, Up, Down> = (
  request: Open,
  stream: ServerStream<Down>,
  context: CallContext,
) => ServerStreamHandlers<Up>;

/** What a listening process serves. Handing in two handlers for one method is a programmer error. */
export interface LinkServices {
  unary<Request, Response>(method: UnaryMethod<Request, Response>, handler: UnaryHandler<Request, Response>): void;
  stream<Open, Up, Down>(method: StreamMethod<Open, Up, Down>, handler: StreamHandler<Open, Up, Down>): void;
}

/** A method and its handler; the message types were matched when it was registered. */
export interface ServedUnary {
  readonly method: UnaryMethod<unknown, unknown>;
  readonly handler: UnaryHandler<unknown, unknown>;
}

export interface ServedStream {
  readonly method: StreamMethod<unknown, unknown, unknown>;
  readonly handler: StreamHandler<unknown, unknown, unknown>;
}

/** What was registered, by method id, as transports look it up. `LinkServiceTable` is the implementation. */
export interface ServedMethods extends LinkServices {
  unaryOf(id: number): ServedUnary | undefined;
  streamOf(id: number): ServedStream | undefined;
}

export interface LinkListener {
  /** `host:port` as bound, so that port 0 can be asked for. */
  readonly address: string;
  /** Connections open now. */
  readonly connectionCount: number;
  /** Stops accepting, says go-away on every connection, closes them after at most `graceMs`. */
  close(graceMs?: number): Promise<void>;
}

/**
 * Streams of one method that are sent the same messages, over one connection or several. Sending to them costs the same
 * however many they are, but for four bytes of each on the wire.
 */
export interface StreamSet<Down> {
  readonly size: number;
  /** It leaves the set it is in. One that has ended is not taken, and one that ends leaves. */
  add(stream: ServerStream<Down>): void;
  delete(stream: ServerStream<Down>): void;
  /** As `sendToMany`. That each has credit is the caller's to know. */
  send(message: Down): void;
}

export interface LinkTransport {
  readonly kind: "memory" | "binary" | "grpc";
  /** Connects and shakes hands; throws `unavailable`, `timeout`, `unauthenticated` or `unsupported`. */
  dial(address: string): Promise<LinkConnection>;
  listen(address: string, services: ServedMethods): Promise<LinkListener>;
  /**
   * Sends one message to many streams, each of which must have credit: encoded once, and streams of one connection
   * share one frame where the implementation can.
   */
  sendToMany<Down>(streams: readonly ServerStream<Down>[], message: Down): void;
  /** For streams that are sent the same again and again. */
  streamSet<Down>(): StreamSet<Down>;
}
