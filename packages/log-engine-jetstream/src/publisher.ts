import type { MsgHdrs } from "@nats-io/nats-core";
import { type Clock, type Random, ServiceError } from "@tidewire/foundation";
import type { JetStreamLogMetrics } from "./metrics.ts";
import { faultOfCode, unavailable } from "./nats-faults.ts";
import type { NatsLink } from "./nats-link.ts";

/** `conflict`: the subject's newest message is not the expected one; nothing was written. */
export type Published = { readonly kind: "stored"; readonly streamSeq: number } | { readonly kind: "conflict" };

interface Acknowledgement {
  readonly seq?: number;
  readonly error?: { readonly err_code?: number; readonly description?: string };
}

/** The wrong last sequence, in its two spellings. */
const CONFLICTS: ReadonlySet<number> = new Set([10_071, 10_164]);
/** The same message id is being stored just now: its outcome is not known yet. */
const DUPLICATE_UNDER_WAY = 10_158;
const RETRY_MS = 50;

export interface PublisherModules {
  readonly link: NatsLink;
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: JetStreamLogMetrics;
}

/**
 * Publishes to streams. While a stream has no leader, or does not answer, the same message is sent again: its id lets the
 * stream recognise one it has, before it looks at what is expected.
 */
export class Publisher {
  readonly #modules: PublisherModules;
  readonly #timeoutMs: number;
  readonly #writer: string;
  #count = 0;

  constructor(modules: PublisherModules, timeoutMs: number) {
    this.#modules = modules;
    this.#timeoutMs = timeoutMs;
    const part = (): string => Math.floor(modules.random.next() * 2 ** 32).toString(36);
    this.#writer = part() + part();
  }

  /** @param expected stream sequence of the subject's newest message, 0 for none; absent: whatever it is. */
  async publish(subject: string, data: Uint8Array, headers: MsgHdrs, expected?: number): Promise<Published> {
    const { link, clock, metrics } = this.#modules;
    headers.set("Nats-Msg-Id", `${this.#writer}.${this.#count++}`);
    if (expected !== undefined) headers.set("Nats-Expected-Last-Subject-Sequence", String(expected));
    const deadline = clock.monotonicMs() + this.#timeoutMs;
    for (;;) {
      link.requireConnection();
      const leftMs = deadline - clock.monotonicMs();
      // Half of what is left: a second attempt must have its chance.
      const attempt = await this.#attempt(subject, data, headers, Math.max(leftMs / 2, 1));
      if (!(attempt instanceof ServiceError)) return attempt;
      const reason = attempt.details?.["reason"];
      const isPassing = reason === "timeout" || reason === "no_leader";
      if (!isPassing || deadline - clock.monotonicMs() <= RETRY_MS * 2) throw attempt;
      metrics.retries.add(1);
      await this.#pause();
    }
  }

  async #attempt(
    subject: string,
    data: Uint8Array,
    headers: MsgHdrs,
    timeoutMs: number,
  ): Promise<Published | ServiceError> {
    let answer: Acknowledgement;
    try {
      const message = await this.#modules.link.request(subject, data, timeoutMs, headers);
      answer = message.json<Acknowledgement>();
    } catch (thrown) {
      return thrown instanceof ServiceError ? thrown : unavailable("rejected", thrown);
    }
    if (answer.error === undefined && typeof answer.seq === "number") return { kind: "stored", streamSeq: answer.seq };
    const code = answer.error?.err_code ?? 0;
    if (CONFLICTS.has(code)) return { kind: "conflict" };
    if (code === DUPLICATE_UNDER_WAY) return unavailable("timeout", answer.error?.description);
    const reason = faultOfCode(code);
    this.#modules.metrics.failures.add(1, { reason });
    return unavailable(reason, answer.error?.description);
  }

  #pause(): Promise<void> {
    const { clock, random } = this.#modules;
    return new Promise((resolve) => {
      clock.after(RETRY_MS * (0.5 + random.next()), resolve);
    });
  }
}
