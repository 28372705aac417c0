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
    const startedAt = this.#modules.clock.monotonicMs();
    this.#inFlight.add(id);
    const settle = (outcome: string): void => {
      this.#inFlight.delete(id);
      const { metrics, clock } = this.#modules;
      metrics.requests.add(1, { method, outcome });
      metrics.requestSeconds.observe((clock.monotonicMs() - startedAt) / 1_000, { method });
    };
    work.then(
      (json) => {
        settle("ok");
        this.result(id, json);
        afterwards?.();
      },
      (thrown: unknown) => {
        const error = ServiceError.from(thrown);
        settle(error.code);
        if (error.code === "internal")
          this.#modules.logger.error({ err: error.cause ?? error, method }, "request failed");
        this.error(id, error);
        afterwards?.();
      },
    );
  }
}
