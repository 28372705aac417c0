import type { ServiceError } from "@tidewire/foundation";
import type { StreamMethod } from "@tidewire/wire";
import type { Expiring } from "../deadline-queue.ts";
import type { ClientStream, ClientStreamHandlers } from "../link.ts";

/** What a stream asks of the session it belongs to. */
export interface ClientStreamOwner {
  sendUp(stream: SessionClientStream, message: unknown): void;
  grant(stream: SessionClientStream, messages: number): void;
  cancel(stream: SessionClientStream): void;
  openTimedOut(stream: SessionClientStream): void;
}

/** The opener's end of a stream. The deadline is that of the opening and is dropped when the peer has taken it. */
export class SessionClientStream implements ClientStream<unknown>, Expiring {
  readonly id: number;
  readonly method: StreamMethod<unknown, unknown, unknown>;
  readonly deadlineAt: number;
  /** Where the opening frame stands in the outbound order. */
  readonly openMark: number;
  queueIndex = -1;
  isOpen = true;
  /** Messages the serving side may still send. */
  allowance: number;
  readonly #window: number;
  /** Granted in that round of the carrier, so that the serving side may not have heard of it. */
  #unheard = 0;
  #round = 0;
  readonly #owner: ClientStreamOwner;
  readonly #handlers: ClientStreamHandlers<unknown>;

  constructor(
    owner: ClientStreamOwner,
    method: StreamMethod<unknown, unknown, unknown>,
    handlers: ClientStreamHandlers<unknown>,
    opening: { readonly id: number; readonly deadlineAt: number; readonly openMark: number; readonly credit: number },
  ) {
    this.#owner = owner;
    this.method = method;
    this.#handlers = handlers;
    this.id = opening.id;
    this.deadlineAt = opening.deadlineAt;
    this.openMark = opening.openMark;
    this.allowance = opening.credit;
    this.#window = opening.credit;
  }

  /**
   * Counts a grant. Returns whether the serving side should hear of it soon: it may have less than half of its first
   * credit left, or is given more than that.
   */
  addAllowance(messages: number, round: number): boolean {
    if (round !== this.#round) {
      this.#round = round;
      this.#unheard = 0;
    }
    const heard = this.allowance - this.#unheard;
    this.allowance += messages;
    this.#unheard += messages;
    return heard <= 0 || 2 * heard < this.#window || 2 * messages > this.#window;
  }

  send(message: unknown): void {
    if (this.isOpen) this.#owner.sendUp(this, message);
  }

  grant(messages: number): void {
    if (!(Number.isSafeInteger(messages) && messages >= 0)) throw new RangeError(`cannot grant ${messages} messages`);
    if (this.isOpen && messages > 0) this.#owner.grant(this, messages);
  }

  cancel(): void {
    if (this.isOpen) this.#owner.cancel(this);
  }

  expire(): void {
    this.#owner.openTimedOut(this);
  }

  deliver(message: unknown): void {
    this.#handlers.message(message);
  }

  /** Tells the opener; the session calls it once, after it has let go of the stream. */
  finish(error: ServiceError | undefined): void {
    this.#handlers.end(error);
  }
}
