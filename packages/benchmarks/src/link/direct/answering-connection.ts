import type { ClientStream, ClientStreamHandlers, LinkConnection } from "@tidewire/link";
import type { StreamMethod, UnaryMethod } from "@tidewire/wire";
import { deltaOf, receiverOf, responseOf, snapshotOf } from "../operation.ts";

/** In place of a link: answers at the end of the turn, with the same objects, so that only the generator is measured. */
export class AnsweringConnection implements LinkConnection {
  readonly peer = { nodeId: "nobody", role: "document-host" };
  readonly isOpen = true;
  readonly inFlight = 0;
  readonly #streams: number;
  readonly #handlers: ClientStreamHandlers<unknown>[] = [];
  #due: number[] = [];

  constructor(streams: number) {
    this.#streams = streams;
  }

  call<Request, Response>(_method: UnaryMethod<Request, Response>, request: Request): Promise<Response> {
    const { tableVersion: operation } = request as { readonly tableVersion: number };
    if (this.#due.length === 0) setImmediate(() => this.#deliver());
    this.#due.push(operation);
    return Promise.resolve(responseOf(operation) as Response);
  }

  open<Open, Up, Down>(
    _method: StreamMethod<Open, Up, Down>,
    _request: Open,
    handlers: ClientStreamHandlers<Down>,
  ): ClientStream<Up> {
    this.#handlers.push(handlers);
    setImmediate(() => handlers.message(snapshotOf() as Down));
    return { id: this.#handlers.length, isOpen: true, send: () => {}, grant: () => {}, cancel: () => {} };
  }

  onGoAway(): void {}

  onClose(): void {}

  close(): Promise<void> {
    return Promise.resolve();
  }

  #deliver(): void {
    const due = this.#due;
    this.#due = [];
    for (const operation of due) this.#handlers[receiverOf(operation, this.#streams)]!.message(deltaOf(operation));
  }
}
