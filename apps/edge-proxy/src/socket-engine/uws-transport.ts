import type { WebSocket } from "uWebSockets.js";
import type { ClientTransport } from "@tidewire/edge-session";
import type { SocketEvents } from "./socket-engine.ts";
import type { PendingUpgrade } from "./uws-upgrade.ts";

/** What uWS keeps for a socket. */
export interface UwsSocketData {
  readonly upgrade: PendingUpgrade;
  transport: UwsTransport | undefined;
  events: SocketEvents | undefined;
}

const CLOSING_BRACE = 0x7d;

/**
 * One uWS socket. Frames of one turn are collected and written under one cork: outside of it every send is a system call
 * of its own. The end of the turn is `nextTick`, which runs when the link has handed over all it had read.
 */
export class UwsTransport implements ClientTransport {
  /** Gone once closed: any use of a closed uWS socket throws. */
  #socket: WebSocket<UwsSocketData> | undefined;
  #queue: (string | Buffer)[] = [];
  #queuedBytes = 0;
  #wasBusy = false;
  readonly #onRelief: () => void;

  /** @param onRelief is called when a queue that somebody had looked at is written out. */
  constructor(socket: WebSocket<UwsSocketData>, onRelief: () => void) {
    this.#socket = socket;
    this.#onRelief = onRelief;
  }

  get isOpen(): boolean {
    return this.#socket !== undefined;
  }

  get bufferedBytes(): number {
    if (this.#socket === undefined) return 0;
    if (this.#queuedBytes > 0) this.#wasBusy = true;
    return this.#queuedBytes + this.#socket.getBufferedAmount();
  }

  send(text: string): void {
    this.#enqueue(text, text.length);
  }

  sendData(head: string, data: Uint8Array): void {
    if (this.#socket === undefined) return;
    const frame = Buffer.allocUnsafe(head.length + data.length + 1);
    frame.write(head, "latin1");
    frame.set(data, head.length);
    frame[frame.length - 1] = CLOSING_BRACE;
    this.#enqueue(frame, frame.length);
  }

  close(code: number, reason: string): void {
    this.#flush();
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.end(code, reason);
  }

  /** The socket is gone. `true` if this side did not know yet. */
  detach(): boolean {
    const wasOpen = this.#socket !== undefined;
    this.#socket = undefined;
    return wasOpen;
  }

  #enqueue(frame: string | Buffer, bytes: number): void {
    if (this.#socket === undefined) return;
    if (this.#queue.length === 0) process.nextTick(this.#flushAtEndOfTurn);
    this.#queue.push(frame);
    this.#queuedBytes += bytes;
  }

  readonly #flushAtEndOfTurn = (): void => {
    this.#flush();
    if (!this.#wasBusy || this.#socket === undefined) return;
    this.#wasBusy = false;
    this.#onRelief();
  };

  #flush(): void {
    const socket = this.#socket;
    const queue = this.#queue;
    if (queue.length === 0) return;
    this.#queue = [];
    this.#queuedBytes = 0;
    if (socket === undefined) return;
    if (queue.length === 1) socket.send(queue[0]!, false, false);
    else {
      socket.cork(() => {
        for (const frame of queue) socket.send(frame, false, false);
      });
    }
  }
}
