import type { ServiceError } from "@tidewire/foundation";
import type { StreamMethod } from "@tidewire/wire";
import type { LinkPeer, ServerStream, ServerStreamHandlers } from "../link.ts";
import type { StreamSetPart } from "./stream-set.ts";

/** Far more than anyone grants in earnest; keeps the sum of grants an exact integer. */
const CREDIT_MAX = 2 ** 31;

/** What a stream asks of the session it belongs to. */
export interface ServerStreamOwner {
  readonly peer: LinkPeer;
  readonly isCongested: boolean;
  sendDown(stream: SessionServerStream, message: unknown): void;
  finish(stream: SessionServerStream, error: ServiceError | undefined): void;
  /** The stream was told to wait for the connection and wants to hear when it may go on. */
  hold(stream: SessionServerStream): void;
}

/** The serving end of a stream. */
export class SessionServerStream implements ServerStream<unknown> {
  readonly id: number;
  readonly method: StreamMethod<unknown, unknown, unknown>;
  readonly owner: ServerStreamOwner;
  isOpen = true;
  /** The opener is gone. */
  isCancelled = false;
  /** Why, if it was not the opener's wish. */
  cause: ServiceError | undefined;
  /** With a part: counted from the messages of the part, so that one to all of them changes nothing here. */
  #granted: number;
  #part: StreamSetPart | undefined;
  /** Where it stands in its part. */
  place = -1;
  #handlers: ServerStreamHandlers<unknown> = {};

  constructor(owner: ServerStreamOwner, id: number, method: StreamMethod<unknown, unknown, unknown>, credit: number) {
    this.owner = owner;
    this.id = id;
    this.method = method;
    this.#granted = Math.min(CREDIT_MAX, credit);
  }

  get peer(): LinkPeer {
    return this.owner.peer;
  }

  get credit(): number {
    if (!this.isOpen) return 0;
    const left = this.#left;
    if (left > 0 && this.owner.isCongested) {
      this.owner.hold(this);
      return 0;
    }
    return left;
  }

  /** The part of a set of streams that it is in. */
  get part(): StreamSetPart | undefined {
    return this.#part;
  }

  set part(part: StreamSetPart | undefined) {
    this.#granted += (part?.messages ?? 0) - (this.#part?.messages ?? 0);
    this.#part = part;
  }

  /** It is over; nothing is sent to it any more. */
  close(): void {
    this.isOpen = false;
    this.#part?.delete(this);
  }

  send(message: unknown): void {
    if (!this.isOpen) return;
    this.requireCredit();
    this.owner.sendDown(this, message);
    this.#granted--;
  }

  end(error?: ServiceError): void {
    if (this.isOpen) this.owner.finish(this, error);
  }

  requireCredit(): void {
    if (this.#left <= 0) throw new Error(`${this.method.name}: stream ${this.id} was sent to without credit`);
  }

  /** One message went out with others in a frame of its own. */
  useCredit(): void {
    this.#granted--;
  }

  addCredit(messages: number): void {
    this.#granted += Math.min(CREDIT_MAX - this.#left, messages);
  }

  get #left(): number {
    return this.#part === undefined ? this.#granted : this.#granted - this.#part.messages;
  }

  serveWith(handlers: ServerStreamHandlers<unknown>): void {
    this.#handlers = handlers;
  }

  get handlers(): ServerStreamHandlers<unknown> {
    return this.#handlers;
  }
}
