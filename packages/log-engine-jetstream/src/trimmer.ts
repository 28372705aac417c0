import type { JetStreamManager } from "@nats-io/jetstream";
import type { Clock, Logger } from "@tidewire/foundation";
import type { JetStreamLogMetrics } from "./metrics.ts";
import type { NatsLink } from "./nats-link.ts";

export interface TrimmerModules {
  readonly link: NatsLink;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: JetStreamLogMetrics;
}

interface Purge {
  readonly stream: string;
  readonly filter: string;
  /** What is before this stream sequence goes. */
  readonly beforeSeq: number;
}

/**
 * Removes what nobody needs, a little at a time: a purge holds up its stream (75 a second on one stream made appends six
 * times slower). What is lost with this process is removed when the document is snapshotted the next time.
 */
export class Trimmer {
  readonly #modules: TrimmerModules;
  readonly #intervalMs: number;
  readonly #queueMax: number;
  /** By subject: only the furthest purge matters. */
  readonly #purges = new Map<string, Purge>();
  readonly #erasures: { readonly stream: string; readonly seqs: readonly number[] }[] = [];
  #isRunning = false;
  #isStopped = false;

  constructor(modules: TrimmerModules, purgesPerSecond: number, queueMax: number) {
    this.#modules = modules;
    this.#intervalMs = 1_000 / purgesPerSecond;
    this.#queueMax = queueMax;
  }

  /** Never the newest message of a subject whose compare-and-set matters: it would begin again at 0. */
  purge(stream: string, filter: string, beforeSeq: number): void {
    if (beforeSeq <= 1 || this.#isStopped) return;
    const waiting = this.#purges.get(filter);
    if (waiting !== undefined && waiting.beforeSeq >= beforeSeq) return;
    if (waiting === undefined && this.#purges.size >= this.#queueMax) {
      this.#modules.metrics.purgesDropped.add(1);
      return;
    }
    this.#purges.set(filter, { stream, filter, beforeSeq });
    this.#run();
  }

  /** Single messages in the middle of a subject. */
  erase(stream: string, seqs: readonly number[]): void {
    if (this.#isStopped || this.#erasures.length >= this.#queueMax) return;
    this.#erasures.push({ stream, seqs });
    this.#run();
  }

  stop(): void {
    this.#erasures.length = 0;
    this.#isStopped = true;
    this.#purges.clear();
  }

  #run(): void {
    if (this.#isRunning || this.#isStopped) return;
    this.#isRunning = true;
    this.#modules.clock.after(this.#intervalMs, () => void this.#next());
  }

  async #next(): Promise<void> {
    const [first] = this.#purges;
    if (first !== undefined && !this.#isStopped) {
      const [key, { stream, filter, beforeSeq }] = first;
      this.#purges.delete(key);
      await this.#attempt(stream, (jsm) => jsm.streams.purge(stream, { filter, seq: beforeSeq }));
    }
    const erasure = this.#erasures.shift();
    for (const seq of erasure?.seqs ?? []) {
      await this.#attempt(erasure!.stream, (jsm) => jsm.streams.deleteMessage(erasure!.stream, seq, false));
    }
    this.#isRunning = false;
    if (this.#purges.size > 0 || this.#erasures.length > 0) this.#run();
  }

  async #attempt(stream: string, remove: (jsm: JetStreamManager) => Promise<unknown>): Promise<void> {
    const { link, logger, metrics } = this.#modules;
    try {
      link.requireConnection();
      await link.guard(remove(link.jsm));
      metrics.purges.add(1);
    } catch (error) {
      // Only space is lost, until the next one for this subject.
      logger.debug({ stream, error: (error as Error).message }, "a purge failed");
    }
  }
}
