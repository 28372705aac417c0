import { type Clock, ServiceError, type Timer } from "@tidewire/foundation";
import type { ClientStream, LinkCaller } from "@tidewire/link";
import { type ConnectRequest, HostService, type ViewerFrame, type ViewerUp } from "@tidewire/protocol-host";
import { LINK_WAIT_MS } from "../hosts/host-links.ts";
import type { HostPlace } from "../routing/document-directory.ts";

export interface SubscriptionHandlers {
  /** `data` is valid during the call only. */
  frame(frame: ViewerFrame): void;
  /** At most once, not after `cancel`. `undefined`: the host ended it in order. */
  ended(error: ServiceError | undefined): void;
}

/** A host that has accepted a viewer and says nothing for this long is not serving it. */
const FIRST_FRAME_MS = 10_000;

/** One attempt at being a viewer of one document at one host: a link stream from its opening to its end. */
export class HostSubscription {
  readonly host: HostPlace;
  readonly link: LinkCaller;
  readonly #handlers: SubscriptionHandlers;
  readonly #stream: ClientStream<ViewerUp>;
  #firstFrameTimer: Timer | undefined;
  #isOver = false;
  #isLive = false;
  #isResyncing = false;

  constructor(
    modules: { readonly link: LinkCaller; readonly clock: Clock },
    target: { readonly host: HostPlace; readonly request: ConnectRequest },
    handlers: SubscriptionHandlers,
  ) {
    this.host = target.host;
    this.link = modules.link;
    this.#handlers = handlers;
    this.#stream = modules.link.open(
      HostService.methods.connect,
      target.request,
      { message: (frame) => this.#receive(frame), end: (error) => this.#end(error) },
      { waitMs: LINK_WAIT_MS },
    );
    this.#firstFrameTimer = modules.clock.after(FIRST_FRAME_MS, () => {
      this.cancel();
      handlers.ended(new ServiceError("unavailable", "the host did not serve the document in time"));
    });
  }

  /** Whether a frame has come. */
  get isLive(): boolean {
    return this.#isLive;
  }

  /** Whether a snapshot was asked for and has not come. */
  get isResyncing(): boolean {
    return this.#isResyncing;
  }

  resync(): void {
    this.#isResyncing = true;
    this.send({ kind: "resync", value: {} });
  }

  grant(frames: number): void {
    if (!this.#isOver) this.#stream.grant(frames);
  }

  send(message: ViewerUp): void {
    if (!this.#isOver) this.#stream.send(message);
  }

  cancel(): void {
    if (this.#isOver) return;
    this.#close();
    this.#stream.cancel();
  }

  #receive(frame: ViewerFrame): void {
    if (this.#isOver) return;
    this.#isLive = true;
    if (frame.kind === "snapshot") this.#isResyncing = false;
    this.#firstFrameTimer?.cancel();
    this.#firstFrameTimer = undefined;
    this.#handlers.frame(frame);
  }

  #end(error: ServiceError | undefined): void {
    if (this.#isOver) return;
    this.#close();
    this.#handlers.ended(error);
  }

  #close(): void {
    this.#isOver = true;
    this.#firstFrameTimer?.cancel();
  }
}
