import type { ClientStream, ClientStreamHandlers, LinkConnection } from "@tidewire/link";
import type { StreamMethod, UnaryMethod } from "@tidewire/wire";
import { OperationMessages, receiverOf, snapshotOf } from "../operation.ts";

/** In place of a link: answers at the end of the turn, with the same objects, so that only the generator is measured. */
export class AnsweringConnection implements LinkConnection {
  readonly peer = { nodeId: "nobody", role: "document-host" };
  readonly isOpen = true;
  readonly inFlight = 0;
  readonly #messages = new OperationMessages();
  readonly #handlers: ClientStreamHandlers<unknown>[] = [];
  #due: number[] = [];
  #answers: ((response: unknown) => void)[] = [];

  call<Request, Response>(_method: UnaryMethod<Request, Response>, request: Request): Promise<Response> {
    const { tableVersion: operation } = request as { readonly tableVersion: number };
    if (this.#due.length === 0) setImmediate(() => this.#deliver());
    this.#due.push(operation);
    return new Promise((resolve) => this.#answers.push(resolve as (response: unknown) => void));
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
    const [due, answers] = [this.#due, this.#answers];
    this.#due = [];
    this.#answers = [];
    due.forEach((operation, index) => {
      // A copy: the promise gives it on only when this turn is over.
      answers[index]!({ ...this.#messages.responseOf(operation) });
      this.#handlers[receiverOf(operation, this.#handlers.length)]!.message(this.#messages.deltaOf(operation));
    });
  }
}
