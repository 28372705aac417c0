import { ServiceError } from "@tidewire/foundation";
import { DocumentActor } from "./document-actor.ts";
import type { ViewerRequest, ViewerSlot } from "./viewer-slot.ts";

/** The serving side of one viewer's stream, from its opening on; finds its way to the document by itself. */
export class ViewerConnection {
  readonly #request: ViewerRequest;
  readonly #onGone: () => void;
  #actor: DocumentActor | undefined;
  #slot: ViewerSlot | undefined;
  #isGone = false;

  constructor(request: ViewerRequest, find: () => DocumentActor | Promise<DocumentActor>, onGone: () => void) {
    this.#request = request;
    this.#onGone = onGone;
    try {
      const found = find();
      if (found instanceof DocumentActor) this.#join(found);
      else
        found.then(
          (actor) => this.#join(actor),
          (error: unknown) => this.#refuse(error),
        );
    } catch (error) {
      this.#refuse(error);
    }
  }

  creditGrew(): void {
    if (this.#slot !== undefined) this.#actor?.creditGrew(this.#slot);
  }

  resync(): void {
    if (this.#slot !== undefined) this.#actor?.resync(this.#slot);
  }

  /** A wrong state is repaired by a snapshot; there is no answer. */
  check(seq: number, hash: string): void {
    if (this.#slot !== undefined) this.#actor?.check(this.#slot, { seq, hash });
  }

  /** The client's side is gone. */
  cancelled(isOrderly: boolean): void {
    if (this.#slot !== undefined) this.#actor?.disconnected(this.#slot, isOrderly);
    this.gone();
  }

  /** The stream has ended, from whichever side. */
  gone(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#onGone();
  }

  #join(actor: DocumentActor): void {
    if (this.#isGone) return;
    try {
      this.#slot = actor.connect({ ...this.#request, onEnd: () => this.gone() });
      this.#actor = actor;
    } catch (error) {
      this.#refuse(error);
    }
  }

  #refuse(error: unknown): void {
    if (this.#isGone) return;
    this.gone();
    this.#request.stream.end(ServiceError.from(error));
  }
}
