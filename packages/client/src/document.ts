import type { JsonObject } from "@tidewire/delta";
import { type Clock, checkedMarker, type Timer } from "@tidewire/foundation";
import type { DocumentState } from "./document-state.ts";
import type { ArgumentsOf, MessageName, MessagesOf, SendResult, ViewOf, ViewStateOf } from "./document-types.ts";
import { callSafely, Observers, type Unsubscribe } from "./observers.ts";
import type { CallMethod } from "./send/pending-call.ts";
import type { SendQueue } from "./send/send-queue.ts";
import type { DocumentStream } from "./stream/document-stream.ts";
import { TidewireError } from "./tidewire-error.ts";

export interface CallOptions {
  /** Instead of the client's own: sends with the same marker, of any process, happen once. 1-128 printable ASCII. */
  readonly marker?: string;
  /** How long to try, over reconnects. */
  readonly timeoutMs?: number;
}

export interface FetchedDocument<View> {
  readonly seq: number;
  readonly hash: string;
  readonly view: View;
}

export interface DocumentModules {
  readonly clock: Clock;
  readonly queue: SendQueue;
  readonly newMarker: () => string;
  /** Makes the stream; its changes come to `onChange`. */
  readonly newStream: (onChange: (state: DocumentState<JsonObject>) => void) => DocumentStream;
  readonly onClose: () => void;
}

/**
 * A handle on one document. Watching starts with the first listener and ends with the last; sending needs no watching.
 * `D` is the type of the document's definition, or nothing for plain JSON.
 */
export class TidewireDocument<D = unknown> {
  readonly space: string;
  readonly key: string;
  readonly #modules: DocumentModules;
  readonly #options: { readonly sendTimeoutMs: number; readonly lingerMs: number };
  readonly #stream: DocumentStream;
  readonly #observers = new Observers<DocumentState<ViewOf<D>>>();
  #lingerTimer: Timer | undefined;

  constructor(
    name: { readonly space: string; readonly key: string },
    modules: DocumentModules,
    options: { readonly sendTimeoutMs: number; readonly lingerMs: number },
  ) {
    this.space = name.space;
    this.key = name.key;
    this.#modules = modules;
    this.#options = options;
    this.#stream = modules.newStream(() => this.#observers.emit(this.state));
  }

  get state(): DocumentState<ViewOf<D>> {
    return this.#stream.state as DocumentState<ViewOf<D>>;
  }

  /** Whether anybody listens. */
  get isWatched(): boolean {
    return this.#observers.size > 0;
  }

  /** Calls `listener` with the state as it is, and whenever it changes. */
  subscribe(listener: (state: DocumentState<ViewOf<D>>) => void): Unsubscribe {
    const unsubscribe = this.onChange(listener);
    callSafely(listener, this.state);
    return unsubscribe;
  }

  /** As `subscribe`, without the first call. */
  onChange(listener: (state: DocumentState<ViewOf<D>>) => void): Unsubscribe {
    const remove = this.#observers.add(listener);
    this.#lingerTimer?.cancel();
    this.#stream.open();
    let isSubscribed = true;
    return () => {
      if (!isSubscribed) return;
      isSubscribed = false;
      remove();
      if (!this.isWatched) this.#linger();
    };
  }

  /** Calls `listener` with a part of the view, at once if there is a view, and whenever the part changes. */
  select<Selected>(
    selector: (view: ViewOf<D>) => Selected,
    listener: (selected: Selected) => void,
    isEqual: (a: Selected, b: Selected) => boolean = Object.is,
  ): Unsubscribe {
    let last: { readonly view: ViewOf<D>; readonly selected: Selected } | undefined;
    return this.subscribe(({ view }) => {
      if (view === undefined || view === last?.view) return;
      const selected = selector(view);
      const isSame = last !== undefined && isEqual(last.selected, selected);
      last = { view, selected: isSame ? last!.selected : selected };
      if (!isSame) listener(selected);
    });
  }

  /**
   * Sends a message; resolves once its effect is durable. It happens at most once, whatever the network does: it waits for
   * a connection and is sent again under its marker. Rejects with a `TidewireError`: `rejected` is the document's own
   * refusal; `unavailable` means nothing was sent, `timeout` that nobody knows.
   */
  async send<Name extends MessageName<D>>(
    message: Name,
    ...[arg, options]: ArgumentsOf<D, Name, CallOptions>
  ): Promise<SendResult<MessagesOf<D>[Name]["value"]>> {
    const parameters = this.#parameters({ message, marker: this.#marker(options) }, arg);
    return this.#call<SendResult<MessagesOf<D>[Name]["value"]>>("message/send", parameters, options);
  }

  /** Creates the document. Rejects with `already_exists`. A stream that ended because there was none begins again. */
  async create(arg?: unknown, options?: CallOptions): Promise<{ readonly seq: number }> {
    const parameters = this.#parameters({ marker: this.#marker(options) }, arg);
    const created = await this.#call<{ readonly seq: number }>("document/create", parameters, options);
    if (this.isWatched && this.state.status === "ended") this.#stream.open();
    return created;
  }

  /** The view as it is now, without watching. */
  async get(options?: Pick<CallOptions, "timeoutMs">): Promise<FetchedDocument<ViewOf<D>>> {
    return this.#call<FetchedDocument<ViewOf<D>>>("document/get", this.#parameters({}), options);
  }

  async delete(options?: Pick<CallOptions, "timeoutMs">): Promise<void> {
    await this.#call("document/delete", this.#parameters({}), options);
  }

  /** Says something new about this viewer. Resolves when the server has it, or at once while nobody watches. */
  async updateViewState(viewState: ViewStateOf<D>): Promise<void> {
    await this.#stream.updateViewState(jsonText(viewState, "viewState") ?? "null");
  }

  /** Stops watching and forgets all listeners. Sends under way go on. */
  close(): void {
    this.#lingerTimer?.cancel();
    this.#stream.end();
    this.#observers.clear();
    this.#modules.onClose();
  }

  #linger(): void {
    this.#lingerTimer?.cancel();
    // Not at once even without lingering: whoever stops and starts again in one turn (React does) keeps the stream.
    this.#lingerTimer = this.#modules.clock.after(this.#options.lingerMs, () => {
      if (!this.isWatched) this.#stream.pause();
    });
  }

  #marker(options: CallOptions | undefined): string {
    const marker = options?.marker;
    if (marker === undefined) return this.#modules.newMarker();
    try {
      return checkedMarker(marker);
    } catch (error) {
      throw TidewireError.from(error);
    }
  }

  #parameters(fields: Readonly<Record<string, string>>, arg?: unknown): string {
    const text = JSON.stringify({ space: this.space, key: this.key, ...fields });
    const argText = jsonText(arg, "arg");
    return argText === undefined ? text : `${text.slice(0, -1)},"arg":${argText}}`;
  }

  #call<Result>(
    method: CallMethod,
    parameters: string,
    options: Pick<CallOptions, "timeoutMs"> | undefined,
  ): Promise<Result> {
    return this.#modules.queue.call({
      method,
      parameters,
      timeoutMs: options?.timeoutMs ?? this.#options.sendTimeoutMs,
    }) as Promise<Result>;
  }
}

/** What the value is now: changing it later changes nothing that was sent. */
function jsonText(value: unknown, parameter: string): string | undefined {
  try {
    return JSON.stringify(value);
  } catch (error) {
    throw new TidewireError("invalid_argument", `the ${parameter} is not JSON`, {
      details: { parameter },
      cause: error,
    });
  }
}
