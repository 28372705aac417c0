import type { TidewireError } from "../tidewire-error.ts";

/** Where to connect to. `base` is http or https, without a trailing slash. */
export interface TransportTarget {
  readonly base: string;
  /** For transports that name the bearer with each request; the session authenticates by frame in any case. */
  readonly token: string | undefined;
}

export interface TransportClose {
  /** The close code of the socket, or 1006 where there was none. */
  readonly code: number;
  readonly reason: string;
  /** What the server said instead, if the transport could read it. */
  readonly error?: TidewireError;
}

/** None of these is called after the connection's own `close` or `abort`. */
export interface TransportListener {
  onOpen(): void;
  /** One parsed frame from the server, and how many bytes it took on the wire. */
  onFrame(frame: unknown, bytes: number): void;
  /** At most once, and also when the connection never opened. */
  onClose(close: TransportClose): void;
}

export interface TransportConnection {
  /** Hands one frame over, in order. After the end it does nothing. */
  send(text: string): void;
  /** Ends in good order. */
  close(): void;
  /** Ends at once, for a peer that does not answer. */
  abort(): void;
}

/** One way of carrying frames. Opening never throws and never calls back before it returns. */
export interface Transport {
  readonly name: string;
  open(target: TransportTarget, listener: TransportListener): TransportConnection;
}
