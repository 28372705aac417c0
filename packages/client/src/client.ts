import type { JsonObject } from "@tidewire/delta";
import { type Clock, documentName, documentPath, type Random, SystemRandom } from "@tidewire/foundation";
import type { Principal } from "@tidewire/protocol-client";
import { type ClientLimits, type ClientOptions, defaultClientOptions } from "./client-options.ts";
import { Connector } from "./connection/connector.ts";
import { TokenSource } from "./connection/token-source.ts";
import type { ConnectionState } from "./connection-state.ts";
import { TidewireDocument } from "./document.ts";
import type { DocumentState } from "./document-state.ts";
import type { ViewStateOf } from "./document-types.ts";
import { httpBase } from "./endpoint.ts";
import { PlatformNetworkMonitor } from "./network-monitor.ts";
import { callSafely, Observers, type Unsubscribe } from "./observers.ts";
import { PlatformClock } from "./platform-clock.ts";
import { SendQueue } from "./send/send-queue.ts";
import { DocumentStream } from "./stream/document-stream.ts";
import { TidewireError } from "./tidewire-error.ts";
import { transportsOf } from "./transport/platform-transports.ts";

export interface DocumentOptions<D> {
  /** What this viewer says about itself. A handle with a view state has a stream of its own. */
  readonly viewState?: ViewStateOf<D>;
}

/**
 * A connection to a Tidewire server, kept for as long as it takes. It is made by the first thing that needs it; making a
 * client costs nothing and touches no network.
 */
export class TidewireClient {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #limits: ClientLimits;
  readonly #connector: Connector;
  readonly #queue: SendQueue;
  readonly #observers = new Observers<ConnectionState>();
  /** Handles without a view state are shared by name. */
  readonly #shared = new Map<string, TidewireDocument>();
  /** Streams that somebody watches. */
  readonly #streams = new Set<DocumentStream>();
  readonly #markerPrefix: string;
  #markerCount = 0;

  /** Throws `invalid_argument` for an address that is none, `unsupported` where no transport is available. */
  constructor(options: ClientOptions) {
    this.#clock = options.clock ?? new PlatformClock();
    this.#random = options.random ?? new SystemRandom();
    this.#limits = { ...defaultClientOptions, ...options.limits };
    const page = (globalThis as { readonly location?: { readonly href?: string } }).location?.href;
    this.#connector = new Connector(
      {
        clock: this.#clock,
        random: this.#random,
        tokens: new TokenSource(options.token, this.#clock),
        transports: transportsOf(options, this.#clock),
        network: options.network ?? new PlatformNetworkMonitor(),
      },
      { onSession: () => this.#sessionTookOver(), onState: (state) => this.#stateChanged(state) },
      { ...this.#limits, base: httpBase(options.url, page) },
    );
    const modules = { clock: this.#clock, random: this.#random, connection: this.#connector };
    this.#queue = new SendQueue(modules, this.#limits);
    // 96 random bits: markers are unique among the clients of one principal.
    this.#markerPrefix = [0, 1, 2].map(() => this.#random.bits().toString(36)).join("");
  }

  get state(): ConnectionState {
    return this.#connector.state;
  }

  /** Who the server says this is; `undefined` while not connected. */
  get principal(): Principal | undefined {
    return this.state.principal;
  }

  /** Of the last heartbeat; `undefined` before. */
  get roundTripMs(): number | undefined {
    return this.#connector.session?.roundTripMs;
  }

  /** Calls `listener` with the state as it is, and whenever it changes. */
  onState(listener: (state: ConnectionState) => void): Unsubscribe {
    const unsubscribe = this.#observers.add(listener);
    callSafely(listener, this.state);
    return unsubscribe;
  }

  /** Connects now rather than when something needs it. */
  connect(): void {
    this.#connector.start();
  }

  /**
   * A handle on a document; the same one for the same name, unless a view state is given. Throws `invalid_argument` for
   * a name that is none, `limit_exceeded` when too many are in use.
   */
  document<D = unknown>(space: string, key: string, options: DocumentOptions<NoInfer<D>> = {}): TidewireDocument<D> {
    const name = checkedName(space, key);
    if (options.viewState !== undefined) return this.#newDocument<D>(name, JSON.stringify(options.viewState), () => {});
    const path = documentPath(name);
    let shared = this.#shared.get(path);
    if (shared === undefined) {
      this.#makeRoom();
      shared = this.#newDocument(name, undefined, () => this.#shared.delete(path));
      this.#shared.set(path, shared);
    }
    return shared as unknown as TidewireDocument<D>;
  }

  /** For good: streams end, calls without an answer are rejected. */
  close(): void {
    this.#connector.close();
  }

  #newDocument<D>(
    name: { readonly space: string; readonly key: string },
    viewState: string | undefined,
    onClose: () => void,
  ): TidewireDocument<D> {
    const newStream = (onChange: (state: DocumentState<JsonObject>) => void): DocumentStream => {
      const events = {
        onChange,
        onWanted: (stream: DocumentStream, isWanted: boolean) => {
          if (isWanted) this.#streams.add(stream);
          else this.#streams.delete(stream);
        },
      };
      const modules = { clock: this.#clock, random: this.#random, connection: this.#connector };
      return new DocumentStream(modules, name, events, { ...this.#limits, viewState });
    };
    const newMarker = (): string => `${this.#markerPrefix}-${this.#markerCount++}`;
    return new TidewireDocument<D>(
      name,
      { clock: this.#clock, queue: this.#queue, newMarker, newStream, onClose },
      this.#limits,
    );
  }

  /** Forgets the oldest handle that nobody watches; whoever still holds it can go on using it. */
  #makeRoom(): void {
    const { documentsMax } = this.#limits;
    if (this.#shared.size < documentsMax) return;
    for (const [path, document] of this.#shared) {
      if (!document.isWatched) return void this.#shared.delete(path);
    }
    const details = { limit: "documentsMax", max: documentsMax };
    throw new TidewireError("limit_exceeded", "too many documents are watched", { details });
  }

  #sessionTookOver(): void {
    for (const stream of this.#streams) stream.onSession();
    this.#queue.flush();
  }

  #stateChanged(state: ConnectionState): void {
    const { closeError } = this.#connector;
    for (const stream of this.#streams) {
      if (closeError === undefined) stream.onSilence(state.status === "stale");
      else stream.end(closeError);
    }
    if (closeError !== undefined) this.#queue.close(closeError);
    this.#observers.emit(state);
  }
}

function checkedName(space: string, key: string): { readonly space: string; readonly key: string } {
  try {
    return documentName(space, key);
  } catch (error) {
    throw TidewireError.from(error);
  }
}
