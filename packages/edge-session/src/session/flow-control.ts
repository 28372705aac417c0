import type { ClientTransport } from "./client-transport.ts";

/** A stream as flow control sees it. */
export interface FlowStream {
  /** There may be room again; asks `hasRoom` before each frame. */
  pump(): void;
}

export interface FlowLimits {
  readonly ackWindowBytes: number;
  readonly socketBufferMaxBytes: number;
}

/** More entries than this are summed up in the last one; an ack then frees them together. */
const LEDGER_ENTRIES_MAX = 256;

/** What one stream has on its way: bytes by the seq that acknowledges them, oldest first. */
interface Ledger {
  readonly seqs: number[];
  readonly bytes: number[];
}

/**
 * When a client has room for document frames: while little waits in its socket and, once it has acknowledged anything,
 * while what it has not acknowledged fits the window. The kernel hides megabytes on a fast path (measured: 3.9 MB), so
 * for clients that acknowledge, the window is the truth. Streams that must wait are served in the order in which they
 * began to; newer frames of other streams line up behind them.
 */
export class FlowControl {
  readonly #transport: ClientTransport;
  readonly #limits: FlowLimits;
  readonly #ledgers = new Map<FlowStream, Ledger>();
  readonly #waiting = new Set<FlowStream>();
  #isWindowed = false;
  #unackedBytes = 0;
  #serving: FlowStream | undefined;
  #isBlocked = false;

  constructor(transport: ClientTransport, limits: FlowLimits) {
    this.#transport = transport;
    this.#limits = limits;
  }

  get unackedBytes(): number {
    return this.#unackedBytes;
  }

  hasRoom(stream: FlowStream, bytes: number): boolean {
    if (stream === this.#serving) {
      this.#isBlocked = !this.#fits(bytes);
      return !this.#isBlocked;
    }
    if (this.#waiting.size === 0 && this.#fits(bytes)) return true;
    this.#waiting.add(stream);
    return false;
  }

  sent(stream: FlowStream, seq: number, bytes: number): void {
    if (!this.#isWindowed) return;
    let ledger = this.#ledgers.get(stream);
    if (ledger === undefined) {
      ledger = { seqs: [], bytes: [] };
      this.#ledgers.set(stream, ledger);
    }
    this.#unackedBytes += bytes;
    const last = ledger.seqs.length - 1;
    if (last >= 0 && (ledger.seqs[last] === seq || last + 1 >= LEDGER_ENTRIES_MAX)) {
      ledger.seqs[last] = seq;
      ledger.bytes[last] = ledger.bytes[last]! + bytes;
    } else {
      ledger.seqs.push(seq);
      ledger.bytes.push(bytes);
    }
  }

  /** The client acknowledges; from here on the window counts. */
  startWindow(): void {
    this.#isWindowed = true;
  }

  acknowledge(stream: FlowStream, seq: number): void {
    const ledger = this.#ledgers.get(stream);
    if (ledger === undefined) return;
    let done = 0;
    while (done < ledger.seqs.length && ledger.seqs[done]! <= seq) this.#unackedBytes -= ledger.bytes[done++]!;
    ledger.seqs.splice(0, done);
    ledger.bytes.splice(0, done);
  }

  /** The stream has ended; nobody will acknowledge it any more. */
  forget(stream: FlowStream): void {
    this.acknowledge(stream, Number.POSITIVE_INFINITY);
    this.#ledgers.delete(stream);
    this.#waiting.delete(stream);
  }

  /** Serves those that wait, as far as there is room. */
  pump(): void {
    for (const stream of this.#waiting) {
      if (!this.#fits(1)) return;
      this.#isBlocked = false;
      this.#serving = stream;
      stream.pump();
      this.#serving = undefined;
      if (this.#isBlocked) return;
      this.#waiting.delete(stream);
    }
  }

  #fits(bytes: number): boolean {
    if (this.#transport.bufferedBytes >= this.#limits.socketBufferMaxBytes) return false;
    // One frame may always be under way, however large: a snapshot can exceed the window.
    return !this.#isWindowed || this.#unackedBytes === 0 || this.#unackedBytes + bytes <= this.#limits.ackWindowBytes;
  }
}
