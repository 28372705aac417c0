import { BoundedQueue, ServiceError } from "@tidewire/foundation";
import type { StreamMethod } from "@tidewire/wire";
import type { ClientStream, ClientStreamHandlers, LinkConnection } from "../link.ts";
import type { Waiter } from "./waiting-room.ts";

export interface PeerStreamOwner {
  cancelled(stream: PeerStream): void;
  waitedTooLong(stream: PeerStream): void;
}

/** A stream that was opened before there was a connection: keeps what is sent and granted until there is one. */
export class PeerStream implements ClientStream<unknown>, Waiter {
  readonly deadlineAt: number;
  queueIndex = -1;
  readonly #owner: PeerStreamOwner;
  readonly #method: StreamMethod<unknown, unknown, unknown>;
  readonly #request: unknown;
  readonly #handlers: ClientStreamHandlers<unknown>;
  readonly #backlog: BoundedQueue<unknown>;
  #credit: number;
  #isWaiting = true;
  #stream: ClientStream<unknown> | undefined;

  constructor(
    owner: PeerStreamOwner,
    method: StreamMethod<unknown, unknown, unknown>,
    request: unknown,
    handlers: ClientStreamHandlers<unknown>,
    settings: { readonly credit: number; readonly waitUntil: number; readonly backlogMax: number },
  ) {
    this.#owner = owner;
    this.#method = method;
    this.#request = request;
    this.#handlers = handlers;
    this.#credit = settings.credit;
    this.deadlineAt = settings.waitUntil;
    this.#backlog = new BoundedQueue("messages of a stream without a connection", settings.backlogMax);
  }

  /** 0 until it is on a connection. */
  get id(): number {
    return this.#stream?.id ?? 0;
  }

  get isOpen(): boolean {
    return this.#stream?.isOpen ?? this.#isWaiting;
  }

  send(message: unknown): void {
    if (this.#stream !== undefined) this.#stream.send(message);
    else if (this.#isWaiting) this.#backlog.push(message);
  }

  grant(messages: number): void {
    if (this.#stream !== undefined) this.#stream.grant(messages);
    else this.#credit += messages;
  }

  cancel(): void {
    if (this.#stream !== undefined) this.#stream.cancel();
    else if (this.#isWaiting) {
      this.#isWaiting = false;
      this.#owner.cancelled(this);
    }
  }

  start(connection: LinkConnection): void {
    this.#isWaiting = false;
    const stream = connection.open(this.#method, this.#request, this.#handlers, { credit: this.#credit });
    this.#stream = stream;
    try {
      for (const message of this.#backlog.drain()) stream.send(message);
    } catch (thrown) {
      stream.cancel();
      this.#handlers.end(ServiceError.from(thrown));
    }
  }

  fail(error: ServiceError): void {
    if (!this.#isWaiting) return;
    this.#isWaiting = false;
    this.#handlers.end(error);
  }

  expire(): void {
    this.#owner.waitedTooLong(this);
  }
}
