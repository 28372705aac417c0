import { headers as createHeaders, type Msg, Nuid } from "@nats-io/nats-core";
import type { Clock, Logger } from "@tidewire/foundation";
import type { Layout } from "./layout.ts";
import { unavailable } from "./nats-faults.ts";
import type { NatsLink } from "./nats-link.ts";
import type { Publisher } from "./publisher.ts";

/** Whether the log takes writes, and if not, where it has gone. */
export interface JetStreamSeal {
  readonly isSealed: boolean;
  /** For people; empty if it is not known. */
  readonly movedTo: string;
}

export interface SealModules {
  readonly link: NatsLink;
  readonly layout: Layout;
  readonly publisher: Publisher;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Resolves when this process takes writes no more, or takes them again, and none that may not be is under way. */
export type SealListener = (seal: JetStreamSeal) => Promise<void> | void;

interface SealAnswer {
  readonly process: string;
  readonly isQuiet: boolean;
}

/** For processes to say that they are there. */
const ROLL_CALL_MS = 500;
/** For the writes that were under way; who asks for the seal has little more patience, and may ask again. */
const QUIET_MS = 8_000;

/** One seal for all processes over the streams: kept with them, and heard by everybody who is connected. */
export class Seal {
  readonly #modules: SealModules;
  readonly #process = new Nuid().next();
  readonly #listeners: SealListener[] = [];
  #now: JetStreamSeal = { isSealed: false, movedTo: "" };

  constructor(modules: SealModules) {
    this.#modules = modules;
  }

  get now(): JetStreamSeal {
    return this.#now;
  }

  /** Knows the seal from then on, also after a connection that was away. */
  async start(): Promise<void> {
    const { link, layout, logger } = this.#modules;
    const hear = (message: Msg): void => {
      this.#hear(message).catch((thrown: unknown) => {
        logger.error({ error: (thrown as Error).message }, "a seal of the log cannot be read");
      });
    };
    // First, so that nothing falls between.
    link.nc.subscribe(layout.sealCallSubject, {
      callback: (error, message) => (error === null ? hear(message) : undefined),
    });
    await link.guard(this.#read());
    link.beforeReuse(() => this.#read());
  }

  /** Resolves when every process that is connected has ended what it was writing. Durable before that. */
  async set(seal: JetStreamSeal): Promise<void> {
    const { layout, publisher, link } = this.#modules;
    const data = Buffer.from(JSON.stringify(seal));
    await publisher.publish(layout.sealSubject, data, createHeaders());
    await link.guard(this.#callAll(data));
  }

  /** Calls back whenever a process, this one included, has set the seal. */
  follow(listener: SealListener): void {
    this.#listeners.push(listener);
  }

  /** Not over the link: it is not in use again before this. */
  async #read(): Promise<void> {
    const { link, layout } = this.#modules;
    const kept = await link.jsm.streams.getMessage(layout.metaStream, { last_by_subj: layout.sealSubject });
    if (kept !== null) await this.#take(parse(kept.data));
  }

  async #callAll(seal: Uint8Array): Promise<void> {
    const { link, layout, clock } = this.#modules;
    const quiet = new Map<string, boolean>();
    let isComplete = false;
    const isOver = (): boolean => isComplete && quiet.size > 0 && [...quiet.values()].every(Boolean);
    await new Promise<void>((resolve, reject) => {
      const inbox = `_INBOX.${new Nuid().next()}`;
      const answers = link.nc.subscribe(inbox, {
        callback: (error, message) => {
          if (error !== null) return;
          const { process, isQuiet } = message.json<SealAnswer>();
          quiet.set(process, isQuiet || quiet.get(process) === true);
          if (isOver()) end();
        },
      });
      const rollCall = clock.after(ROLL_CALL_MS, () => {
        isComplete = true;
        if (isOver()) end();
      });
      const patience = clock.after(QUIET_MS, () => end(unavailable("timeout")));
      const end = (error?: Error): void => {
        rollCall.cancel();
        patience.cancel();
        if (!answers.isClosed()) answers.unsubscribe();
        if (error === undefined) resolve();
        else reject(error);
      };
      link.nc.publish(layout.sealCallSubject, seal, { reply: inbox });
    });
  }

  async #hear(message: Msg): Promise<void> {
    const seal = parse(message.data);
    const answer = (isQuiet: boolean): void => {
      message.respond(JSON.stringify({ process: this.#process, isQuiet } satisfies SealAnswer));
    };
    answer(false);
    await this.#take(seal);
    answer(true);
  }

  async #take(seal: JetStreamSeal): Promise<void> {
    this.#now = seal;
    await Promise.all(this.#listeners.map(async (listener) => listener(seal)));
  }
}

function parse(data: Uint8Array): JetStreamSeal {
  const { isSealed, movedTo } = JSON.parse(Buffer.from(data).toString()) as Record<string, unknown>;
  if (typeof isSealed !== "boolean" || typeof movedTo !== "string") throw new TypeError("not a seal");
  return { isSealed, movedTo };
}
