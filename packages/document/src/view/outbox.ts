import type { Audience, Frame } from "../runtime/runtime.ts";
import type { LimitError } from "../state/limit-error.ts";
import type { ViewerHandle } from "./viewer-handle.ts";

interface Sending {
  /** If there is no audience. */
  readonly viewers: readonly ViewerHandle[];
  readonly frame: Frame;
  /** Live, and as it was until the delivery is over. */
  readonly audience: Audience | undefined;
}

export interface Failure {
  readonly viewers: readonly ViewerHandle[];
  readonly error: LimitError;
}

type Sink = (viewers: readonly ViewerHandle[], frame: Frame, audience?: Audience) => void;

const none: readonly never[] = [];

/** What a delivery has to tell. It is told when everything is computed: whoever is told may call the instance. */
export class Outbox {
  /** Mostly there is one, and a list that grows takes room for seventeen. */
  #first: Sending | undefined = undefined;
  #others: Sending[] | undefined = undefined;
  #failures: Failure[] | undefined = undefined;

  send(viewers: readonly ViewerHandle[], frame: Frame): void {
    this.#add({ viewers, frame, audience: undefined });
  }

  /** To those who are ready of whoever is likely to be sent to again. */
  sendTo(audience: Audience, frame: Frame): void {
    this.#add({ viewers: none, frame, audience });
  }

  #add(sending: Sending): void {
    if (this.#first === undefined) this.#first = sending;
    else (this.#others ??= []).push(sending);
  }

  fail(viewers: readonly ViewerHandle[], error: LimitError): void {
    (this.#failures ??= []).push({ viewers, error });
  }

  get failures(): readonly Failure[] {
    return this.#failures ?? none;
  }

  empty(sink: Sink): void {
    const first = this.#first;
    if (first === undefined) return;
    tell(first, sink);
    if (this.#others === undefined) return;
    for (const sending of this.#others) tell(sending, sink);
  }
}

/** Whoever was told before may have detached others. */
function tell({ viewers, frame, audience }: Sending, sink: Sink): void {
  sink(audience === undefined ? viewers : (audience.viewers as readonly ViewerHandle[]), frame, audience);
}
