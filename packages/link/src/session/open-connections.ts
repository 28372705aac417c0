import type { Clock, Gauge, Timer } from "@tidewire/foundation";
import type { LinkSide } from "./link-failures.ts";

const PUBLISH_EVERY_MS = 1_000;

export interface PublishingTransport {
  /** The gauge of open connections, labelled with `side`. */
  readonly gauge: Gauge;
  /** A second has passed in which there were connections: what they counted is to be published. */
  second(): void;
  /** One is gone: the same, so that nothing it counted is lost. */
  left(): void;
}

/** The open connections of a transport, which publishes what they count once a second as long as there are any. */
export class OpenConnections<Connection> implements Iterable<Connection> {
  readonly #clock: Clock;
  readonly #transport: PublishingTransport;
  readonly #connections = new Set<Connection>();
  #timer: Timer | undefined;

  constructor(clock: Clock, transport: PublishingTransport) {
    this.#clock = clock;
    this.#transport = transport;
  }

  [Symbol.iterator](): Iterator<Connection> {
    return this.#connections.values();
  }

  add(side: LinkSide, connection: Connection): void {
    this.#connections.add(connection);
    this.#transport.gauge.add(1, { side });
    if (this.#timer === undefined) this.#publishLater();
  }

  delete(side: LinkSide, connection: Connection): void {
    this.#connections.delete(connection);
    this.#transport.gauge.add(-1, { side });
    this.#transport.left();
  }

  #publishLater(): void {
    this.#timer = this.#clock.after(PUBLISH_EVERY_MS, () => {
      this.#timer = undefined;
      this.#transport.second();
      if (this.#connections.size > 0) this.#publishLater();
    });
  }
}
