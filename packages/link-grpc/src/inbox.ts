/**
 * What comes in one turn of the event loop, in order, and handed over together at the end of it. grpc-js tells of each
 * message in a tick of its own; who answers whatever stands in one read with one step (a document host runs one guarded
 * turn and one append for it) would take that step for each message. The memory bound is that of gRPC's windows.
 */
export class Inbox {
  readonly #received: (bytes: Buffer) => void;
  readonly #waiting: (Buffer | (() => void))[] = [];

  constructor(received: (bytes: Buffer) => void) {
    this.#received = received;
  }

  message(bytes: Buffer): void {
    this.#add(bytes);
  }

  /** Something that is not a message, behind those that came before it. */
  behind(act: () => void): void {
    this.#add(act);
  }

  /** Forgets what was not handed over yet. */
  clear(): void {
    this.#waiting.length = 0;
  }

  #add(entry: Buffer | (() => void)): void {
    if (this.#waiting.push(entry) === 1) setImmediate(() => this.#handOver());
  }

  /** Also what is added meanwhile. */
  #handOver(): void {
    const waiting = this.#waiting;
    for (let index = 0; index < waiting.length; index++) {
      const entry = waiting[index]!;
      if (typeof entry === "function") entry();
      else this.#received(entry);
    }
    waiting.length = 0;
  }
}
