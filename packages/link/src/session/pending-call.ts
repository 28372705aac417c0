import type { ServiceError } from "@tidewire/foundation";
import type { UnaryMethod } from "@tidewire/wire";
import type { Expiring } from "../deadline-queue.ts";

export interface PendingCallEnds {
  resolve(response: unknown): void;
  reject(error: ServiceError): void;
  timedOut(call: PendingCall): void;
}

/** A call that waits for its answer. */
export class PendingCall implements Expiring {
  readonly id: number;
  /** Where the request stands in the outbound order. */
  readonly mark: number;
  readonly deadlineAt: number;
  readonly method: UnaryMethod<unknown, unknown>;
  queueIndex = -1;
  readonly #ends: PendingCallEnds;

  constructor(
    place: { readonly id: number; readonly mark: number; readonly deadlineAt: number },
    method: UnaryMethod<unknown, unknown>,
    ends: PendingCallEnds,
  ) {
    this.id = place.id;
    this.mark = place.mark;
    this.deadlineAt = place.deadlineAt;
    this.method = method;
    this.#ends = ends;
  }

  resolve(response: unknown): void {
    this.#ends.resolve(response);
  }

  reject(error: ServiceError): void {
    this.#ends.reject(error);
  }

  expire(): void {
    this.#ends.timedOut(this);
  }
}
