import type { Clock, ManualClock } from "@tidewire/foundation";
import type { LinkConnection, LinkListener, LinkTransport } from "../link.ts";
import { LinkServiceTable } from "../service-table.ts";

/** Two processes and a network between them, as the suite needs them. Made anew for every test. */
export interface LinkHarness {
  /** Of the node `server`, role `document-host`. */
  readonly serving: LinkTransport;
  /** Of the node `client`, role `edge-proxy`. */
  readonly dialling: LinkTransport;
  /** Of a third node, `other`. */
  readonly otherDialling: LinkTransport;
  /** Where to listen; with port 0 or its like. */
  readonly listenAddress: string;
  /** The clock both transports were given. */
  readonly clock: Clock;
  /** Where diallers reach the listener; may lead through something that can stall and sever. */
  reach(listener: LinkListener): Promise<string>;
  /** From now on no byte passes between dialler and listener, and nobody is told. */
  stall(): void;
  resume(): void;
  /** Breaks every connection to the listener without a farewell. */
  sever(): void;
  /** Lets time and network go on until the promise settles. */
  until<Value>(promise: Promise<Value>): Promise<Value>;
  /** Lets that much time pass. */
  elapse(ms: number): Promise<void>;
  close(): Promise<void>;
}

export interface LinkSubject {
  readonly name: string;
  /** Streams at once on one connection in the tests of many; 10,000. */
  readonly streamsMany?: number;
  /**
   * Sends, or hands over, a message for each turn of the event loop, so that "messages of one turn" is no promise of it.
   * Only for a transport that services do not use.
   */
  readonly isOneByOne?: boolean;
  create(): Promise<LinkHarness>;
}

/** A listener with the given services and one connection to it. */
export interface Pair {
  readonly harness: LinkHarness;
  readonly listener: LinkListener;
  readonly address: string;
  readonly connection: LinkConnection;
}

export async function connected(
  harness: LinkHarness,
  register: (services: LinkServiceTable) => void = () => {},
): Promise<Pair> {
  const services = new LinkServiceTable();
  register(services);
  const listener = await harness.until(harness.serving.listen(harness.listenAddress, services));
  const address = await harness.until(harness.reach(listener));
  const connection = await harness.until(harness.dialling.dial(address));
  return { harness, listener, address, connection };
}

/** Moves a clock that stands still on, a millisecond at a time, until the promise settles. */
export async function settledUnder<Value>(
  clock: ManualClock,
  promise: Promise<Value>,
  withinMs: number,
): Promise<Value> {
  const progress = { isSettled: false };
  const settled = (): void => {
    progress.isSettled = true;
  };
  promise.then(settled, settled);
  await clock.advanceAsync(0);
  for (let waitedMs = 0; !progress.isSettled; waitedMs++) {
    if (waitedMs > withinMs) throw new Error(`nothing happened within ${withinMs} ms`);
    await clock.advanceAsync(1);
  }
  return promise;
}

/** A promise to be settled from elsewhere. */
export class Later<Value> {
  readonly promise: Promise<Value>;
  resolve!: (value: Value) => void;
  reject!: (error: Error) => void;

  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }
}

/** The error a promise rejects with; fails if it does not. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (thrown) {
    return thrown;
  }
  throw new Error("expected a rejection");
}
