import { type Consumer, type ConsumerMessages, DeliverPolicy, type JsMsg } from "@nats-io/jetstream";
import { headers as createHeaders } from "@nats-io/nats-core";
import type { Clock, DocumentName, Logger } from "@tidewire/foundation";
import type { LogHead } from "@tidewire/log-engine";
import { DueEntries, type DueEntry } from "./due-entries.ts";
import type { Layout } from "./layout.ts";
import type { JetStreamLogMetrics } from "./metrics.ts";
import { unavailable } from "./nats-faults.ts";
import type { NatsLink } from "./nats-link.ts";
import type { Publisher } from "./publisher.ts";
import type { Trimmer } from "./trimmer.ts";

export interface DueTimersModules {
  readonly link: NatsLink;
  readonly publisher: Publisher;
  readonly trimmer: Trimmer;
  readonly layout: Layout;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: JetStreamLogMetrics;
}

export interface DueTimersOptions {
  readonly dueEntriesMax: number;
  readonly dueGraceMs: number;
  readonly readTimeoutMs: number;
}

const LOAD_POLL_MS = 20;

/**
 * Which documents have a timer, in a stream with one message per such document. It is a list of hints with one promise:
 * a document whose log says `wakeAt` has an entry that is not later. So the entry is written before the append whose timer
 * is earlier than any before, and everything else is put right when the entry's time has come and the log is asked: a
 * timer that moves ahead with every append costs nothing until then. An entry the log does not confirm stays for a grace,
 * because the append behind it may be under way.
 */
export class DueTimers {
  readonly #modules: DueTimersModules;
  readonly #options: DueTimersOptions;
  #entries: DueEntries;
  #consumer: Consumer | undefined;
  #messages: ConsumerMessages | undefined;
  #isLoaded = false;
  /** Of the newest message taken. */
  #seenSeq = 0;

  constructor(modules: DueTimersModules, options: DueTimersOptions) {
    this.#modules = modules;
    this.#options = options;
    this.#entries = new DueEntries(options.dueEntriesMax);
  }

  /** Begins to follow the stream. */
  async start(): Promise<void> {
    const { link, layout, logger } = this.#modules;
    this.#isLoaded = false;
    this.#seenSeq = 0;
    this.#consumer = await link.jsm.jetstream().consumers.get(layout.dueStream, { deliver_policy: DeliverPolicy.All });
    const entries = new DueEntries(this.#options.dueEntriesMax);
    this.#entries = entries;
    this.#messages = await this.#consumer.consume({ callback: (message) => this.#take(entries, message) });
    void this.#messages.closed().then((error) => {
      if (error instanceof Error) logger.warn({ error: error.message }, "lost the stream of timers");
    });
  }

  async stop(): Promise<void> {
    await this.#messages?.close().catch(() => {});
    this.#messages = undefined;
  }

  /** Before an append: makes sure that an entry stands that is not later than `wakeAt`. @param before the head's timer. */
  async announce(document: DocumentName, subject: string, wakeAt: number, before: number | undefined): Promise<void> {
    if (before !== undefined && before <= wakeAt) return;
    const known = this.#entries.get(document);
    // Nobody removes an entry that young.
    const isSafe = known !== undefined && this.#ageMs(known) < this.#options.dueGraceMs / 2;
    if (isSafe && known.at <= wakeAt) return;
    await this.#write(document, subject, wakeAt);
  }

  /** Entries before a time, earliest first. Waits until the stream has been read. */
  async before(at: number, offset: number, limit: number): Promise<DueEntry[]> {
    await this.#load();
    return this.#entries.before(at, offset, limit);
  }

  /** Reads the stream again, if entries before this time may have been let go of for want of room that is there now. */
  async refill(at: number): Promise<boolean> {
    if (!this.#entries.isIncomplete(at)) return false;
    await this.stop();
    await this.start();
    return true;
  }

  /** Puts an entry right that was compared with the log. */
  async settle(entry: DueEntry, subject: string, head: LogHead): Promise<void> {
    const { wakeAt } = head;
    if (wakeAt === entry.at) return;
    if (wakeAt !== undefined && wakeAt < entry.at) {
      await this.#write(entry.document, subject, wakeAt);
      return;
    }
    if (this.#ageMs(entry) < this.#options.dueGraceMs) return;
    if (wakeAt !== undefined) await this.#write(entry.document, subject, wakeAt, entry.streamSeq);
    else {
      this.#entries.remove(entry);
      // This very message: a newer one may have come.
      this.#modules.trimmer.erase(this.#modules.layout.dueStream, [entry.streamSeq]);
    }
    this.#modules.metrics.dueEntries.set(this.#entries.size);
  }

  async #write(document: DocumentName, subject: string, at: number, expected?: number): Promise<void> {
    const { publisher, clock } = this.#modules;
    const published = await publisher.publish(subject, Buffer.from(String(at)), createHeaders(), expected);
    if (published.kind === "conflict") return;
    this.#set({ document, at, streamSeq: published.streamSeq, writtenAt: clock.wallMs() });
  }

  #set(entry: DueEntry): void {
    this.#entries.set(entry);
    this.#modules.metrics.dueEntries.set(this.#entries.size);
  }

  #take(entries: DueEntries, message: JsMsg): void {
    if (entries !== this.#entries) return;
    this.#seenSeq = message.seq;
    const at = Number(message.string());
    try {
      const document = this.#modules.layout.documentOf(message.subject);
      const writtenAt = Date.parse(message.timestamp);
      if (Number.isSafeInteger(at)) this.#set({ document, at, streamSeq: message.seq, writtenAt });
    } catch (error) {
      this.#modules.logger.warn({ error: (error as Error).message }, "an entry of a timer cannot be read");
    }
    if (message.info.pending === 0) this.#isLoaded = true;
  }

  async #load(): Promise<void> {
    const { link, clock } = this.#modules;
    const deadline = clock.monotonicMs() + this.#options.readTimeoutMs;
    while (!this.#isLoaded) {
      link.requireConnection();
      const info = this.#consumer === undefined ? undefined : await link.guard(this.#consumer.info(false));
      // The answer may overtake messages that were delivered before it, and what has begun may not know what is pending.
      const { consumer_seq: count, stream_seq: lastSeq } = info?.delivered ?? { consumer_seq: 0, stream_seq: 0 };
      const hasAll = info?.num_pending === 0 && count > 0 && this.#seenSeq >= lastSeq;
      if (hasAll || (await this.#isStreamEmpty())) {
        this.#isLoaded = true;
        return;
      }
      if (clock.monotonicMs() > deadline) throw unavailable("timeout");
      await new Promise<void>((resolve) => {
        clock.after(LOAD_POLL_MS, resolve);
      });
    }
  }

  async #isStreamEmpty(): Promise<boolean> {
    const { link, layout } = this.#modules;
    return (await link.guard(link.jsm.streams.info(layout.dueStream))).state.messages === 0;
  }

  #ageMs(entry: DueEntry): number {
    return this.#modules.clock.wallMs() - entry.writtenAt;
  }
}
