import { ServiceError, type Timer } from "@tidewire/foundation";
import { readUpFrame } from "@tidewire/protocol-client";
import { Session, type SessionModules, type SessionOptions } from "../session/session.ts";
import { type HttpRequest, type HttpResponse, jsonResponse } from "./http-message.ts";
import { PollTransport } from "./poll-transport.ts";

interface HeldPost {
  readonly timer: Timer;
  readonly answer: (response: HttpResponse) => void;
}

/** A session carried by long polling: one POST at a time is held until there is something to fetch. */
export class PollSession {
  readonly id: string;
  readonly #modules: SessionModules;
  readonly #authorization: string | undefined;
  readonly #holdMs: number;
  readonly #onOver: () => void;
  readonly #transport: PollTransport;
  readonly #session: Session;
  #held: HeldPost | undefined;
  #isFlushDue = false;

  /** @param onOver is called once nothing is left to fetch and nothing will come. */
  constructor(
    modules: SessionModules,
    options: SessionOptions & { readonly authorization: string | undefined },
    onOver: () => void,
  ) {
    this.#modules = modules;
    this.#authorization = options.authorization;
    this.#holdMs = options.limits.pollHoldMs;
    this.#onOver = onOver;
    this.#transport = new PollTransport(() => this.#changed());
    this.#session = new Session(modules, this.#transport, options);
    this.id = this.#session.id;
  }

  /**
   * Throws `unauthenticated` without the bearer, `forbidden` for another one, `invalid_argument` for frames that end the
   * session.
   */
  post(request: HttpRequest, frames: readonly unknown[]): Promise<HttpResponse> {
    const authorization = request.header("authorization");
    if (authorization !== this.#authorization) {
      const isMissing = authorization === undefined;
      throw new ServiceError(isMissing ? "unauthenticated" : "forbidden", "a poll session keeps its bearer");
    }
    this.#session.heard();
    this.#answerHeld();
    for (const frame of frames) this.#session.accept(readUpFrame(frame));
    const { closeReason } = this.#transport;
    if (closeReason !== undefined && frames.length > 0 && this.#transport.bufferedBytes === 0) {
      throw new ServiceError("invalid_argument", closeReason.reason, { details: { closeCode: closeReason.code } });
    }
    return new Promise((resolve) => {
      const timer = this.#modules.clock.after(this.#holdMs, () => this.#answerHeld());
      const held: HeldPost = { timer, answer: resolve };
      this.#held = held;
      request.onAborted(() => {
        if (this.#held !== held) return;
        timer.cancel();
        this.#held = undefined;
      });
      if (this.#transport.bufferedBytes > 0 || closeReason !== undefined) this.#changed();
    });
  }

  /** Frames of one turn travel together. */
  #changed(): void {
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    queueMicrotask(() => {
      this.#isFlushDue = false;
      const isOver = this.#transport.closeReason !== undefined;
      if (this.#transport.bufferedBytes > 0 || isOver) this.#answerHeld();
      if (isOver) this.#onOver();
    });
  }

  #answerHeld(): void {
    const held = this.#held;
    if (held === undefined) return;
    this.#held = undefined;
    held.timer.cancel();
    this.#session.heard();
    held.answer(jsonResponse(200, this.#transport.take(), { "Cache-Control": "no-store" }));
    this.#session.drained();
  }
}
