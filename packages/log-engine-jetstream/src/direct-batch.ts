import { createInbox, type Msg, type MsgHdrs } from "@nats-io/nats-core";
import { type Clock, ServiceError } from "@tidewire/foundation";
import { unavailable } from "./nats-faults.ts";
import type { NatsLink } from "./nats-link.ts";
import type { StoredMessage } from "./record.ts";

/** What the server is asked for, in the words of its direct get; see its ADR-31. */
export interface DirectQuery {
  readonly seq?: number;
  readonly next_by_subj?: string;
  readonly multi_last?: readonly string[];
  readonly batch: number;
}

/** Whether the next message is wanted, too. */
export type TakeMessage = (message: StoredMessage, subject: string) => boolean;

export interface DirectBatchModules {
  readonly link: NatsLink;
  readonly clock: Clock;
  /** Without a message for so long, the answer is given up. */
  readonly silenceMs: number;
}

const END_OF_BATCH = 204;
const NO_RESULTS = 404;
const NO_RESPONDERS = 503;

/**
 * One request that a server answers with many messages and a status. Not by the client library, which leaves the
 * subscription of each such request on the connection for good, and does not tell how far the replica that answered is.
 *
 * Resolves to the newest sequence of the stream that this replica had, where it says so (of `multi_last`), or 0.
 */
export async function directBatch(
  { link, clock, silenceMs }: DirectBatchModules,
  stream: string,
  query: DirectQuery,
  takes: TakeMessage,
): Promise<number> {
  const { nc } = link;
  const inbox = createInbox();
  let heard = 0;
  let finish: (upToSeq: number) => void = () => {};
  let fail: (error: ServiceError) => void = () => {};
  const answered = new Promise<number>((resolve, reject) => {
    finish = resolve;
    fail = reject;
  });
  const hear = (message: Msg): void => {
    heard++;
    const { headers } = message;
    const code = headers?.code ?? 0;
    if (code === END_OF_BATCH) return finish(numberOf(headers, "Nats-UpTo-Sequence"));
    if (code === NO_RESULTS) return finish(0);
    if (code !== 0 || headers === undefined) {
      return fail(unavailable(code === NO_RESPONDERS ? "no_leader" : "rejected", headers?.description));
    }
    if (!takes(stored(headers, message.data), headers.last("Nats-Subject"))) finish(0);
  };
  const subscription = nc.subscribe(inbox, {
    callback: (error, message) => {
      try {
        if (error) fail(unavailable("rejected", error));
        else hear(message);
      } catch (thrown) {
        fail(thrown instanceof ServiceError ? thrown : unavailable("rejected", thrown));
      }
    },
  });
  let timer = clock.after(silenceMs, () => wait(0));
  const wait = (heardBefore: number): void => {
    if (heard === heardBefore) return fail(unavailable("timeout"));
    const heardNow = heard;
    timer = clock.after(silenceMs, () => wait(heardNow));
  };
  const ask = async (): Promise<number> => {
    nc.publish(`$JS.API.DIRECT.GET.${stream}`, JSON.stringify(query), { reply: inbox });
    return answered;
  };
  try {
    return await link.guard(ask());
  } finally {
    timer.cancel();
    subscription.unsubscribe();
  }
}

function stored(headers: MsgHdrs, data: Uint8Array): StoredMessage {
  const seq = numberOf(headers, "Nats-Sequence");
  return { seq, writtenAt: Date.parse(headers.last("Nats-Time-Stamp")), headers, data };
}

function numberOf(headers: MsgHdrs | undefined, name: string): number {
  const value = headers?.last(name) ?? "";
  return value === "" ? 0 : Number(value);
}
