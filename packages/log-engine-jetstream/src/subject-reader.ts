import type { MsgHdrs } from "@nats-io/nats-core";
import { ServiceError } from "@tidewire/foundation";
import { type DirectBatchModules, directBatch } from "./direct-batch.ts";
import { isOlder } from "./gate.ts";
import type { NatsLink } from "./nats-link.ts";
import type { StoredMessage } from "./record.ts";

/** The server answers a range with one request from here on. */
const BATCH_FROM = "2.11.0";
const BATCH = 512;
/** Subjects of one question for newest messages: their bytes arrive all at once. */
const SUBJECTS_MAX = 128;
/** How often a replica that lags behind is asked again, and how long after: it follows its leader within a few ms. */
const LAG_ASKS = 4;
const LAG_PAUSE_MS = 5;

/**
 * Reads messages of a subject. A stream's leader is asked for what must be newest; any replica may answer the rest, and
 * when one turns out to lag behind, the leader is asked again.
 */
export class SubjectReader {
  readonly #modules: DirectBatchModules;
  readonly #link: NatsLink;

  constructor(modules: DirectBatchModules) {
    this.#modules = modules;
    this.#link = modules.link;
  }

  /** The newest message of a subject, as the leader knows it. */
  async last(stream: string, subject: string): Promise<StoredMessage | undefined> {
    this.#link.requireConnection();
    const { streams } = this.#link.jsm;
    const message = await this.#link.guard(streams.getMessage(stream, { last_by_subj: subject }));
    return message === null ? undefined : stored(message);
  }

  /**
   * The newest messages of many subjects of one stream, with a request for each 128 of them instead of one for each: fewer
   * than asked for where a server cuts its answer short. Any replica may answer; with `isReplicated`, what it says counts
   * only if it has everything that the leader had when this was called. `undefined` from servers that cannot be asked like
   * this.
   */
  async lasts(
    stream: string,
    subjects: readonly string[],
    isReplicated: boolean,
  ): Promise<ReadonlyMap<string, StoredMessage> | undefined> {
    this.#link.requireConnection();
    if (isOlder(this.#link.server.version, BATCH_FROM)) return undefined;
    const leaderSeq = isReplicated ? await this.#link.lastSeq(stream) : 0;
    const found = new Map<string, StoredMessage>();
    for (let from = 0; from < subjects.length; from += SUBJECTS_MAX) {
      const some = await this.#lastsAsOf(stream, subjects.slice(from, from + SUBJECTS_MAX), leaderSeq);
      // The replica that answers lags behind, or none does: the leader knows the rest.
      if (some === undefined) break;
      for (const [subject, message] of some) found.set(subject, message);
    }
    return found;
  }

  /** From a replica that has the stream up to `leaderSeq` at least; `undefined` if none is found soon. */
  async #lastsAsOf(
    stream: string,
    subjects: readonly string[],
    leaderSeq: number,
  ): Promise<ReadonlyMap<string, StoredMessage> | undefined> {
    const query = { multi_last: subjects, batch: SUBJECTS_MAX };
    for (let ask = 1; ; ask++) {
      const found = new Map<string, StoredMessage>();
      const take = (message: StoredMessage, subject: string): boolean => {
        found.set(subject, message);
        return true;
      };
      const upToSeq = await directBatch(this.#modules, stream, query, take).catch(toSilence);
      if (upToSeq === undefined) return undefined;
      if (upToSeq >= leaderSeq) return found;
      if (ask === LAG_ASKS) return undefined;
      await new Promise<void>((resolve) => {
        this.#modules.clock.after(LAG_PAUSE_MS * ask, resolve);
      });
    }
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
    const takes = (message: StoredMessage): boolean => {
      if (message.seq > toSeq) return false;
      messages.push(message);
      return message.seq < toSeq;
    };
    const next = (): number => (messages.at(-1)?.seq ?? fromSeq - 1) + 1;
    if (!isOlder(this.#link.server.version, BATCH_FROM)) {
      while (next() <= toSeq) {
        const before = messages.length;
        await directBatch(this.#modules, stream, { seq: next(), next_by_subj: subject, batch: BATCH }, takes);
        if (messages.length === before) break;
      }
    } else {
      const { direct } = this.#link.jsm;
      for (;;) {
        const query = { seq: next(), next_by_subj: subject };
        const message = await this.#link.guard(direct.getMessage(stream, query));
        if (message === null || !takes(stored(message))) break;
      }
    }
    // A replica that lags behind ends early: the leader has the rest.
    while (next() <= toSeq) {
      const query = { seq: next(), next_by_subj: subject };
      const message = await this.#link.guard(this.#link.jsm.streams.getMessage(stream, query));
      if (message === null || !takes(stored(message))) break;
    }
    return messages;
  }
}

function stored(message: { seq: number; timestamp: string; header: MsgHdrs; data: Uint8Array }): StoredMessage {
  const { seq, timestamp, header, data } = message;
  return { seq, writtenAt: Date.parse(timestamp), headers: header, data };
}

/** A replica that is away or frozen says nothing, and its leader may all the same. */
function toSilence(error: unknown): undefined {
  const reason = error instanceof ServiceError ? error.details?.["reason"] : undefined;
  if (reason !== "timeout" && reason !== "no_leader") throw error;
}
