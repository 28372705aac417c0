import type { StoredMsg } from "@nats-io/jetstream";
import type { MsgHdrs, QueuedIterator } from "@nats-io/nats-core";
import type { Clock } from "@tidewire/foundation";
import { isOlder } from "./gate.ts";
import { unavailable } from "./nats-faults.ts";
import type { NatsLink } from "./nats-link.ts";
import type { StoredMessage } from "./record.ts";

/** The server answers a range with one request from here on. */
const BATCH_FROM = "2.11.0";
const BATCH = 512;
/** Subjects of one question for newest messages: their bytes arrive all at once. */
const SUBJECTS_MAX = 128;

interface AnyStored {
  readonly seq: number;
  readonly timestamp: string;
  readonly header: MsgHdrs;
  readonly data: Uint8Array;
}

/**
 * Reads messages of a subject. A stream's leader is asked for what must be newest; any replica may answer the rest, and
 * when one turns out to lag behind, the leader is asked again.
 */
export class SubjectReader {
  readonly #link: NatsLink;
  readonly #clock: Clock;
  readonly #timeoutMs: number;

  constructor(link: NatsLink, clock: Clock, timeoutMs: number) {
    this.#link = link;
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  /** The newest message of a subject, as the leader knows it. */
  async last(stream: string, subject: string): Promise<StoredMessage | undefined> {
    this.#link.requireConnection();
    const { streams } = this.#link.jsm;
    const message = await this.#link.guard(streams.getMessage(stream, { last_by_subj: subject }));
    return message === null ? undefined : stored(message);
  }

  /**
   * The newest messages of many subjects of one stream, with a request for each 128 of them instead of one for each: fewer than
   * asked for where a server cuts its answer short. They come from any replica, so only of a stream that has one they are as
   * the leader knows them. `undefined` from servers that cannot be asked like this.
   */
  async lasts(stream: string, subjects: readonly string[]): Promise<ReadonlyMap<string, StoredMessage> | undefined> {
    this.#link.requireConnection();
    if (isOlder(this.#link.server.version, BATCH_FROM)) return undefined;
    const found = new Map<string, StoredMessage>();
    for (let from = 0; from < subjects.length; from += SUBJECTS_MAX) {
      const multi_last = subjects.slice(from, from + SUBJECTS_MAX);
      const { direct } = this.#link.jsm;
      const messages = await this.#link.guard(direct.getLastMessagesFor(stream, { multi_last, batch: SUBJECTS_MAX }));
      await this.#each(messages, (message) => {
        found.set(message.subject, stored(message));
        return true;
      });
    }
    return found;
  }

  async at(stream: string, seq: number): Promise<StoredMessage | undefined> {
    this.#link.requireConnection();
    const { direct, streams } = this.#link.jsm;
    const message =
      (await this.#link.guard(direct.getMessage(stream, { seq }))) ??
      (await this.#link.guard(streams.getMessage(stream, { seq })));
    return message === null ? undefined : stored(message);
  }

  /** All messages of a subject from `fromSeq` to `toSeq`, which must be one of them, oldest first. */
  async range(stream: string, subject: string, fromSeq: number, toSeq: number): Promise<StoredMessage[]> {
    this.#link.requireConnection();
    const messages: StoredMessage[] = [];
    const takes = (message: AnyStored): boolean => {
      if (message.seq > toSeq) return false;
      messages.push(stored(message));
      return message.seq < toSeq;
    };
    const next = (): number => (messages.at(-1)?.seq ?? fromSeq - 1) + 1;
    if (!isOlder(this.#link.server.version, BATCH_FROM)) {
      while (next() <= toSeq) {
        const before = messages.length;
        await this.#batch(stream, subject, next(), takes);
        if (messages.length === before) break;
      }
    } else {
      const { direct } = this.#link.jsm;
      for (;;) {
        const query = { seq: next(), next_by_subj: subject };
        const message = await this.#link.guard(direct.getMessage(stream, query));
        if (message === null || !takes(message)) break;
      }
    }
    // A replica that lags behind ends early: the leader has the rest.
    while (next() <= toSeq) {
      const query = { seq: next(), next_by_subj: subject };
      const message = await this.#link.guard(this.#link.jsm.streams.getMessage(stream, query));
      if (message === null || !takes(message)) break;
    }
    return messages;
  }

  async #batch(stream: string, subject: string, seq: number, takes: (message: AnyStored) => boolean): Promise<void> {
    const options = { seq, next_by_subj: subject, batch: BATCH };
    await this.#each(await this.#link.guard(this.#link.jsm.direct.getBatch(stream, options)), takes);
  }

  async #each(messages: QueuedIterator<StoredMsg>, takes: (message: StoredMsg) => boolean): Promise<void> {
    // A broken connection or a server that goes away leaves the iterator waiting for ever.
    const timer = this.#clock.after(this.#timeoutMs, () => messages.stop(unavailable("timeout")));
    const read = async (): Promise<void> => {
      for await (const message of messages) if (!takes(message)) break;
    };
    try {
      await this.#link.guard(read());
    } finally {
      timer.cancel();
      messages.stop();
    }
  }
}

function stored(message: { seq: number; timestamp: string; header: MsgHdrs; data: Uint8Array }): StoredMessage {
  const { seq, timestamp, header, data } = message;
  return { seq, writtenAt: Date.parse(timestamp), headers: header, data };
}
