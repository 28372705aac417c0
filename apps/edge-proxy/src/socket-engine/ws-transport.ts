import type { ClientTransport } from "@tidewire/edge-session";
import type { WebSocket } from "ws";

const CLOSING_BRACE = 0x7d;
const OPEN = 1;

/** One socket of the `ws` package. */
export class WsTransport implements ClientTransport {
  readonly #socket: WebSocket;
  readonly #onDrained: () => void;
  #wasBusy = false;
  #isClosed = false;

  constructor(socket: WebSocket, onDrained: () => void) {
    this.#socket = socket;
    this.#onDrained = onDrained;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  get bufferedBytes(): number {
    const { bufferedAmount } = this.#socket;
    if (bufferedAmount > 0) this.#wasBusy = true;
    return bufferedAmount;
  }

  send(text: string): void {
    if (!this.#isClosed && this.#socket.readyState === OPEN) this.#socket.send(text, this.#sent);
  }

  sendData(head: string, data: Uint8Array): void {
    if (this.#isClosed || this.#socket.readyState !== OPEN) return;
    const frame = Buffer.allocUnsafe(head.length + data.length + 1);
    frame.write(head, "latin1");
    frame.set(data, head.length);
    frame[frame.length - 1] = CLOSING_BRACE;
    this.#socket.send(frame, { binary: false }, this.#sent);
  }

  close(code: number, reason: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#socket.close(code, reason);
  }

  detach(): void {
    this.#isClosed = true;
  }

  /** A write has left the process: whoever saw a full buffer is told. */
  readonly #sent = (): void => {
    if (!this.#wasBusy || this.#isClosed) return;
    this.#wasBusy = this.#socket.bufferedAmount > 0;
    this.#onDrained();
  };
}
