import { headers as createHeaders } from "@nats-io/nats-core";
import type { Logger } from "@tidewire/foundation";
import type { Layout } from "./layout.ts";
import type { NatsLink } from "./nats-link.ts";
import type { Publisher } from "./publisher.ts";
import type { SubjectReader } from "./subject-reader.ts";

/** Whether the log takes writes, and if not, where it has gone. */
export interface JetStreamSeal {
  readonly isSealed: boolean;
  /** For people; empty if it is not known. */
  readonly movedTo: string;
}

export interface SealModules {
  readonly link: NatsLink;
  readonly layout: Layout;
  readonly reader: SubjectReader;
  readonly publisher: Publisher;
  readonly logger: Logger;
}

/** One seal for all processes over the streams: kept with them, and heard by everybody who is connected. */
export class Seal {
  readonly #modules: SealModules;
  #now: JetStreamSeal = { isSealed: false, movedTo: "" };

  constructor(modules: SealModules) {
    this.#modules = modules;
  }

  get now(): JetStreamSeal {
    return this.#now;
  }

  async read(): Promise<void> {
    const { layout, reader } = this.#modules;
    const kept = await reader.last(layout.metaStream, layout.sealSubject);
    if (kept !== undefined) this.#now = parse(kept.data);
  }

  async set(seal: JetStreamSeal): Promise<void> {
    const { layout, publisher } = this.#modules;
    await publisher.publish(layout.sealSubject, Buffer.from(JSON.stringify(seal)), createHeaders());
    this.#now = seal;
  }

  /** Calls back whenever a process, this one included, has set the seal. */
  follow(listener: (seal: JetStreamSeal) => void): void {
    const { link, layout, logger } = this.#modules;
    link.nc.subscribe(layout.sealSubject, {
      callback: (error, message) => {
        if (error !== null) return;
        try {
          this.#now = parse(message.data);
          listener(this.#now);
        } catch (thrown) {
          logger.error({ error: (thrown as Error).message }, "a seal of the log cannot be read");
        }
      },
    });
  }
}

function parse(data: Uint8Array): JetStreamSeal {
  const { isSealed, movedTo } = JSON.parse(Buffer.from(data).toString()) as Record<string, unknown>;
  if (typeof isSealed !== "boolean" || typeof movedTo !== "string") throw new TypeError("not a seal");
  return { isSealed, movedTo };
}
