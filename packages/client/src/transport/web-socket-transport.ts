import { clientApi } from "@tidewire/protocol-client";
import { utf8Length } from "../utf8-length.ts";
import type {
  Transport,
  TransportClose,
  TransportConnection,
  TransportListener,
  TransportTarget,
} from "./transport.ts";

/** The part of a WebSocket that is used: a browser's fits, and so does that of the `ws` package. */
export interface WebSocketLike {
  addEventListener(type: "open" | "message" | "error" | "close", listener: (event: object) => void): void;
  send(data: string): void;
  close(code?: number, reason?: string): void;
  /** Only in `ws`: drops the connection without waiting for the peer. */
  terminate?(): void;
}

export type WebSocketConstructor = new (url: string, protocols?: string | string[]) => WebSocketLike;

export class WebSocketTransport implements Transport {
  readonly name = "websocket";
  readonly #socketClass: WebSocketConstructor;

  constructor(socketClass: WebSocketConstructor) {
    this.#socketClass = socketClass;
  }

  open(target: TransportTarget, listener: TransportListener): TransportConnection {
    const connection = new WebSocketConnection(listener);
    const url = `${target.base.replace(/^http/, "ws")}${clientApi.path}`;
    try {
      connection.use(new this.#socketClass(url, [clientApi.subprotocol]));
    } catch (error) {
      // A page's security policy, or an address that is none: told like any other failure, after the return.
      queueMicrotask(() => connection.end({ code: 1006, reason: String(error) }));
    }
    return connection;
  }
}

interface MessageData {
  readonly data: unknown;
}

class WebSocketConnection implements TransportConnection {
  readonly #listener: TransportListener;
  #socket: WebSocketLike | undefined;
  #isOver = false;

  constructor(listener: TransportListener) {
    this.#listener = listener;
  }

  use(socket: WebSocketLike): void {
    this.#socket = socket;
    socket.addEventListener("open", () => {
      if (!this.#isOver) this.#listener.onOpen();
    });
    socket.addEventListener("message", (event) => this.#receive((event as MessageData).data));
    // Every error is followed by a close, which says more. Without a listener `ws` would throw it.
    socket.addEventListener("error", () => {});
    socket.addEventListener("close", (event) => {
      const { code = 1006, reason = "" } = event as Partial<TransportClose>;
      this.end({ code, reason });
    });
  }

  end(close: TransportClose): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#listener.onClose(close);
  }

  send(text: string): void {
    if (!this.#isOver) this.#socket?.send(text);
  }

  close(): void {
    this.#isOver = true;
    this.#socket?.close(1000);
  }

  abort(): void {
    this.#isOver = true;
    if (this.#socket?.terminate === undefined) this.#socket?.close();
    else this.#socket.terminate();
  }

  #receive(data: unknown): void {
    if (this.#isOver) return;
    let frame: unknown;
    try {
      if (typeof data !== "string") throw new TypeError("not a text frame");
      frame = JSON.parse(data);
    } catch (error) {
      this.#socket?.close(1000);
      this.end({ code: 1006, reason: `the server sent what is no frame: ${String(error)}` });
      return;
    }
    this.#listener.onFrame(frame, utf8Length(data));
  }
}
