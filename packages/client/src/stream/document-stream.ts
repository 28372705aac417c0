import type { JsonObject, ViewReplica } from "@tidewire/delta";
import { Backoff, type Clock, type Random, type Timer } from "@tidewire/foundation";
import type { DocumentState } from "../document-state.ts";
import type { SessionSource } from "../session/session-source.ts";
import { TidewireError } from "../tidewire-error.ts";
import { type BindingEvents, type BindingOptions, StreamBinding } from "./stream-binding.ts";
import { ViewStateUpdates } from "./view-state-updates.ts";

export interface StreamEvents {
  onChange(state: DocumentState<JsonObject>): void;
  /** Whether the stream wants to hear of sessions. */
  onWanted(stream: DocumentStream, isWanted: boolean): void;
}

export interface StreamModules {
  readonly clock: Clock;
  readonly random: Random;
  readonly connection: SessionSource;
}

/**
 * One document's view, kept current over any number of sessions. While sessions change hands there are two bindings: the
 * old one is shown until the new one has caught up with it, so that what is shown never goes back.
 */
export class DocumentStream {
  readonly #modules: StreamModules;
  readonly #name: { readonly space: string; readonly key: string };
  readonly #events: StreamEvents;
  readonly #options: BindingOptions;
  readonly #backoff: Backoff;
  readonly #viewState: ViewStateUpdates;
  #isWanted = false;
  #isSilent = false;
  #current: StreamBinding | undefined;
  #next: StreamBinding | undefined;
  /** A copy of the last state that could be trusted: what is shown, and what a new binding resumes from. */
  #held: ViewReplica | undefined;
  #retryTimer: Timer | undefined;
  #state: DocumentState<JsonObject> = { status: "loading", view: undefined, seq: 0 };

  constructor(
    modules: StreamModules,
    name: { readonly space: string; readonly key: string },
    events: StreamEvents,
    options: BindingOptions & { readonly viewState: string | undefined },
  ) {
    this.#modules = modules;
    this.#name = name;
    this.#events = events;
    this.#options = options;
    this.#backoff = new Backoff(modules.random);
    this.#viewState = new ViewStateUpdates(options.viewState);
  }

  get state(): DocumentState<JsonObject> {
    return this.#state;
  }

  get isWanted(): boolean {
    return this.#isWanted;
  }

  /** Begins, or begins again after an end. What was held is resumed from. */
  open(): void {
    if (this.#isWanted) return;
    const { closeError } = this.#modules.connection;
    if (closeError !== undefined) return this.end(closeError);
    this.#isWanted = true;
    this.#events.onWanted(this, true);
    if (this.#state.status === "ended") this.#publish({ status: "loading", view: undefined, seq: 0 });
    this.#modules.connection.start();
    this.#bind();
  }

  /** Ends the stream; what was shown stays, as stale. */
  pause(): void {
    this.#release();
    if (this.#state.status !== "ended") this.#refresh();
  }

  /** Ends the stream for good; nothing is shown any more. */
  end(error?: TidewireError): void {
    this.#release();
    this.#held = undefined;
    this.#viewState.fail(error ?? new TidewireError("unavailable", "the document was closed", { retryable: false }));
    this.#publish({
      status: "ended",
      view: undefined,
      seq: this.#state.seq,
      ...(error === undefined ? {} : { error }),
    });
  }

  /** A session took over. */
  onSession(): void {
    this.#isSilent = false;
    if (this.#isWanted) this.#bind();
  }

  onSilence(isSilent: boolean): void {
    this.#isSilent = isSilent;
    this.#refresh();
  }

  /** `viewState` is JSON text. Resolves when the server has it; a newer one may have replaced it on the way. */
  updateViewState(viewState: string): Promise<void> {
    const done = this.#viewState.set(viewState, this.#isWanted);
    this.#viewState.send(this.#current);
    return done;
  }

  #bind(): void {
    const { clock, random, connection } = this.#modules;
    const { session } = connection;
    this.#retryTimer?.cancel();
    this.#retryTimer = undefined;
    if (session?.isOpen !== true || this.#next?.session === session || this.#current?.session === session) return;
    this.#next?.end();
    const { text: viewState, version: viewStateVersion } = this.#viewState;
    const init = { ...this.#name, viewState, viewStateVersion, base: this.#held };
    const binding = new StreamBinding({ clock, random, session }, this.#bindingEvents, init, this.#options);
    if (this.#current === undefined) this.#current = binding;
    else this.#next = binding;
    this.#refresh();
  }

  readonly #bindingEvents: BindingEvents = {
    onChange: (binding) => this.#changed(binding),
    onEnd: (binding, error) => this.#ended(binding, error),
    onLost: (binding) => this.#lost(binding),
  };

  #changed(binding: StreamBinding): void {
    if (binding === this.#next && this.#canTakeOver(binding)) {
      this.#current?.abandon();
      this.#current = binding;
      this.#next = undefined;
    }
    if (binding !== this.#current) return;
    if (binding.isReady) {
      this.#backoff.reset();
      this.#held = binding.replica.fork();
      this.#viewState.confirm(binding.viewStateVersion);
      this.#viewState.send(binding);
    }
    this.#refresh();
  }

  #canTakeOver(next: StreamBinding): boolean {
    return next.isReady && (this.#current?.isReady !== true || next.replica.seq >= this.#current.replica.seq);
  }

  #ended(binding: StreamBinding, error: TidewireError): void {
    this.#drop(binding);
    if (error.code === "token_expired" || error.code === "unauthenticated") return void this.#renewThenRetry(error);
    if (!error.retryable) return this.end(error);
    this.#retryAfter(error.retryAfterMs ?? this.#backoff.nextDelayMs(), error);
  }

  #lost(binding: StreamBinding): void {
    this.#drop(binding);
    if (this.#current === undefined && this.#next === undefined && this.#isWanted) this.#bind();
    this.#refresh();
  }

  #drop(binding: StreamBinding): void {
    if (binding === this.#next) this.#next = undefined;
    if (binding !== this.#current) return;
    // What is left goes on alone, even if it is behind.
    this.#current = this.#next;
    this.#next = undefined;
    if (this.#current?.isReady === true) this.#held = this.#current.replica.fork();
  }

  async #renewThenRetry(error: TidewireError): Promise<void> {
    this.#refresh(error);
    let isLost = false;
    try {
      await this.#modules.connection.renewToken();
    } catch (failure) {
      isLost = !TidewireError.from(failure).retryable;
    }
    if (!this.#isWanted) return;
    if (isLost) this.end(error);
    else this.#retryAfter(this.#backoff.nextDelayMs(), error);
  }

  #retryAfter(delayMs: number, error: TidewireError): void {
    if (!this.#isWanted) return;
    this.#retryTimer?.cancel();
    this.#retryTimer = this.#modules.clock.after(delayMs, () => this.#bind());
    this.#refresh(error);
  }

  #release(): void {
    if (this.#isWanted) this.#events.onWanted(this, false);
    this.#isWanted = false;
    this.#retryTimer?.cancel();
    this.#current?.end();
    this.#next?.end();
    this.#current = undefined;
    this.#next = undefined;
  }

  /** Shows what there is now. */
  #refresh(error: TidewireError | undefined = this.#state.error): void {
    if (this.#state.status === "ended") return;
    const isLive = this.#current?.isReady === true && !this.#isSilent;
    const held = this.#held;
    if (held === undefined)
      return this.#publish({ status: "loading", view: undefined, seq: 0, ...(error && { error }) });
    const shown = { view: held.value, seq: held.seq };
    this.#publish(isLive ? { status: "live", ...shown } : { status: "stale", ...shown, ...(error && { error }) });
  }

  #publish(state: DocumentState<JsonObject>): void {
    const { status, view, seq, error } = this.#state;
    if (status === state.status && view === state.view && seq === state.seq && error === state.error) return;
    this.#state = state;
    this.#events.onChange(state);
  }
}
