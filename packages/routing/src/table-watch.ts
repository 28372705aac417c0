import {
  Backoff,
  type BackoffOptions,
  type Clock,
  type Random,
  type ServiceError,
  type Timer,
} from "@tidewire/foundation";
import type { ClientStream, LinkCaller } from "@tidewire/link";
import { type Empty, RoutingService, type RoutingTable } from "@tidewire/protocol-routing";

export interface TableWatchModules {
  readonly clock: Clock;
  readonly random: Random;
}

/** What a watch tells the client it belongs to. */
export interface TableWatchReports {
  table(watch: TableWatch, table: RoutingTable): void;
  ended(watch: TableWatch, error: ServiceError | undefined): void;
}

/** A stream of tables from one node of the routing tier, opened again whenever it ends. */
export class TableWatch {
  readonly address: string;
  /** What this node said last on the present stream. */
  latest: RoutingTable | undefined;
  readonly #link: LinkCaller;
  readonly #clock: Clock;
  readonly #backoff: Backoff;
  readonly #subscriber: string;
  readonly #reports: TableWatchReports;
  #stream: ClientStream<Empty> | undefined;
  #timer: Timer | undefined;
  #isStopped = false;

  constructor(
    link: LinkCaller,
    subscriber: string,
    modules: TableWatchModules,
    backoff: BackoffOptions,
    reports: TableWatchReports,
  ) {
    this.address = link.address;
    this.#link = link;
    this.#clock = modules.clock;
    this.#backoff = new Backoff(modules.random, backoff);
    this.#subscriber = subscriber;
    this.#reports = reports;
  }

  start(): void {
    if (this.#isStopped) return;
    const stream: ClientStream<Empty> = this.#link.open(
      RoutingService.methods.watch,
      { subscriber: this.#subscriber },
      { message: (table) => this.#arrived(stream, table), end: (error) => this.#ended(error) },
    );
    this.#stream = stream;
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
    this.#stream?.cancel();
    this.latest = undefined;
  }

  #arrived(stream: ClientStream<Empty>, table: RoutingTable): void {
    stream.grant(1);
    this.#backoff.reset();
    this.latest = table;
    this.#reports.table(this, table);
  }

  #ended(error: ServiceError | undefined): void {
    this.#stream = undefined;
    this.latest = undefined;
    if (this.#isStopped) return;
    this.#timer = this.#clock.after(this.#backoff.nextDelayMs(), () => this.start());
    this.#reports.ended(this, error);
  }
}
