/** The client's end of a session: a WebSocket, or the queue of a long poll. One text frame per call, in order. */
export interface ClientTransport {
  send(text: string): void;
  /** One frame made of ASCII text, one JSON object in UTF-8 and a closing brace. `data` is valid during the call only. */
  sendData(head: string, data: Uint8Array): void;
  /** Bytes accepted by `send` and not yet taken by the network. */
  readonly bufferedBytes: number;
  /** After what was sent. The transport then no longer calls the session. */
  close(code: number, reason: string): void;
}

/** What a transport tells its session. */
export interface TransportEvents {
  /** One text frame. */
  receive(text: string): void;
  /** `bufferedBytes` has fallen. */
  drained(): void;
  /** The connection is gone, by whichever side. Not after `transport.close`. */
  closed(): void;
}
