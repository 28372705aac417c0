import type { ExchangeRequest, ExchangeResponse } from "@tidewire/protocol-routing";
import type { Core } from "./core.ts";

export type ExchangeListener = (response: ExchangeResponse | undefined) => void;

/** Request-response exchanges over the stream path that this node opened. */
export class Exchanges {
  readonly #core: Core;
  readonly #open = new Map<number, ExchangeListener>();
  #next = 1;

  constructor(core: Core) {
    this.#core = core;
  }

  get size(): number {
    return this.#open.size;
  }

  /** Calls back exactly once, with `undefined` when no answer came; at once when too many are open already. */
  open(to: string, request: ExchangeRequest, timeoutMs: number, listener: ExchangeListener): void {
    if (this.#open.size >= this.#core.settings.exchangesMax) {
      this.#core.metrics.faults.add(1, { reason: "exchanges" });
      return listener(undefined);
    }
    const exchange = this.#next++;
    this.#open.set(exchange, listener);
    this.#core.emit({ kind: "request", exchange, to, body: this.#core.format.request(request), timeoutMs });
  }

  answered(exchange: number, body: Uint8Array): void {
    const listener = this.#take(exchange);
    if (listener === undefined) return;
    let response: ExchangeResponse | undefined;
    try {
      response = this.#core.format.readResponse(body);
    } catch {
      this.#core.metrics.faults.add(1, { reason: "malformed" });
    }
    listener(response);
  }

  failed(exchange: number): void {
    this.#take(exchange)?.(undefined);
  }

  #take(exchange: number): ExchangeListener | undefined {
    const listener = this.#open.get(exchange);
    this.#open.delete(exchange);
    return listener;
  }
}
