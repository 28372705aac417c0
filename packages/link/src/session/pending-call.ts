import type { ServiceError } from "@tidewire/foundation";
import type { UnaryMethod } from "@tidewire/wire";
import type { Expiring } from "../deadline-queue.ts";

/** What a call asks of the session it belongs to. */
export interface PendingCallOwner {
  callTimedOut(call: PendingCall): void;
}

/** A call that waits for its answer. One object and no closures: there is one for every call on its way. */
export class PendingCall implements Expiring {
  readonly id: number;
  /** Where the request stands in the outbound order. */
  readonly mark: number;
  readonly deadlineAt: number;
  readonly method: UnaryMethod<unknown, unknown>;
  readonly resolve: (response: unknown) => void;
  readonly reject: (error: ServiceError) => void;
  queueIndex = -1;
  readonly #owner: PendingCallOwner;

  constructor(
    owner: PendingCallOwner,
    method: UnaryMethod<unknown, unknown>,
    place: { readonly id: number; readonly mark: number; readonly deadlineAt: number },
    ends: { readonly resolve: (response: unknown) => void; readonly reject: (error: ServiceError) => void },
  ) {
    this.#owner = owner;
    this.method = method;
    this.id = place.id;
    this.mark = place.mark;
    this.deadlineAt = place.deadlineAt;
    this.resolve = ends.resolve;
    this.reject = ends.reject;
  }

  expire(): void {
    this.#owner.callTimedOut(this);
  }
}
