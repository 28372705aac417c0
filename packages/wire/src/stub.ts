import type { ServiceError } from "@tidewire/foundation";
import type { StreamMethod, UnaryMethod } from "./rpc.ts";

/**
 * What generated clients and servers need of a transport. The `link` port's `LinkConnection` and `LinkServices` have this
 * shape; these interfaces are here because protocols lie below ports.
 */

export interface StubCallOptions {
  /** Overrides the deadline of the definition. Milliseconds from now. */
  readonly deadlineMs?: number;
}

/** The dialling side. */
export interface StubCaller {
  call<Request, Response>(
    method: UnaryMethod<Request, Response>,
    request: Request,
    options?: StubCallOptions,
  ): Promise<Response>;
  open<Open, Up, Down>(
    method: StreamMethod<Open, Up, Down>,
    request: Open,
    handlers: StubStreamHandlers<Down>,
    options?: StubStreamOptions,
  ): StubStream<Up>;
}

export interface StubStreamOptions {
  /** First grant instead of the definition's. */
  readonly credit?: number;
}

export interface StubStreamHandlers<Down> {
  message(message: Down): void;
  /** Exactly once; `undefined` means the serving side ended it in order. */
  end(error: ServiceError | undefined): void;
}

export interface StubStream<Up> {
  readonly isOpen: boolean;
  send(message: Up): void;
  grant(messages: number): void;
  cancel(): void;
}

/** Where the serving side registers what it serves. */
export interface StubServices {
  unary<Request, Response>(method: UnaryMethod<Request, Response>, handler: StubUnaryHandler<Request, Response>): void;
  stream<Open, Up, Down>(method: StreamMethod<Open, Up, Down>, handler: StubStreamHandler<Open, Up, Down>): void;
}

/** Who is on the other end, as proved in the handshake. */
export interface StubPeer {
  readonly nodeId: string;
  readonly role: string;
}

export interface StubContext {
  readonly peer: StubPeer;
  /** Monotonic milliseconds at which the caller gives up. */
  readonly deadlineAt: number;
}

export type StubUnaryHandler<Request, Response> = (
  request: Request,
  context: StubContext,
) => Response | Promise<Response>;

export type StubStreamHandler<Open, Up, Down> = (
  request: Open,
  stream: StubServerStream<Down>,
  context: StubContext,
) => StubServerStreamHandlers<Up>;

export interface StubServerStream<Down> {
  readonly peer: StubPeer;
  readonly isOpen: boolean;
  /** Messages that may be sent now. */
  readonly credit: number;
  send(message: Down): void;
  end(error?: ServiceError): void;
}

export interface StubServerStreamHandlers<Up> {
  message?(message: Up): void;
  credit?(): void;
  /** With an error the connection broke; without one the opener cancelled. */
  cancelled?(error?: ServiceError): void;
}
