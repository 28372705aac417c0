import { type Clock, type Logger, ServiceError } from "@tidewire/foundation";
import { errorFrame, resultFrame } from "@tidewire/protocol-client";
import type { EdgeMetrics } from "../metrics.ts";
import { clientErrorBody } from "../protocol/error-body.ts";

export interface RequestModules {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: EdgeMetrics;
}

/** The one-shot requests of a session that wait for their answer; each gets exactly one. */
export class SessionRequests {
  readonly #modules: RequestModules;
  readonly #send: (text: string) => void;
  readonly #inFlight = new Set<number>();

  constructor(modules: RequestModules, send: (text: string) => void) {
    this.#modules = modules;
    this.#send = send;
  }

  get size(): number {
    return this.#inFlight.size;
  }

  has(id: number): boolean {
    return this.#inFlight.has(id);
  }

  /** Answers at once. */
  result(id: number, json: string): void {
    this.#send(resultFrame(id, json));
  }

  error(id: number, thrown: unknown): void {
    const body = clientErrorBody(thrown);
    this.#modules.metrics.errors.add(1, { code: body.code });
    this.#send(errorFrame(id, body));
  }

  /** Answers when `work` is done, with the JSON text it resolves to; then calls `afterwards`. */
  run(id: number, method: string, work: Promise<string>, afterwards?: () => void): void {
    this.#inFlight.add(id);
    void this.#answer(id, method, work).then(afterwards);
  }

  async #answer(id: number, method: string, work: Promise<string>): Promise<void> {
    const { metrics, clock, logger } = this.#modules;
    const startedAt = clock.monotonicMs();
    const settle = (outcome: string): void => {
      // Before the answer goes out: the client may use the id again as soon as it has it.
      this.#inFlight.delete(id);
      metrics.requests.add(1, { method, outcome });
      metrics.requestSeconds.observe((clock.monotonicMs() - startedAt) / 1_000, { method });
    };
    try {
      const json = await work;
      settle("ok");
      this.result(id, json);
    } catch (thrown) {
      const error = ServiceError.from(thrown);
      settle(error.code);
      if (error.code === "internal") logger.error({ err: error.cause ?? error, method }, "request failed");
      this.error(id, error);
    }
  }
}
