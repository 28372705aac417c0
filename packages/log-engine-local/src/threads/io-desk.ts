import type { IoOperation } from "./io-request.ts";

type Write = Extract<IoOperation, { readonly kind: "write" }>;

/** A write as it lies on the desk: of memory that both sides know by a number. */
export interface LeftWrite {
  readonly id: number;
  readonly descriptor: number;
  readonly memory: number;
  readonly offset: number;
  readonly length: number;
  readonly position: number;
  readonly isSynced: boolean;
}

const DESK_BYTES = 64;
/** Indexes of 32-bit words. */
const RINGS = 0;
const IS_TAKEN = 1;
/** Index of the first of the numbers of a write, which are doubles. */
const WRITE = 1;

/**
 * Shared memory between a thread that writes and the one that asks it to: room for one write, and a bell. The thread sleeps
 * on the bell, so it hears no event, and whatever else it is asked stands in its port when the bell rings.
 */
export class IoDesk {
  readonly memory: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #numbers: Float64Array;

  /** @param memory of the desk that the other side has made */
  constructor(memory = new SharedArrayBuffer(DESK_BYTES)) {
    this.memory = memory;
    this.#words = new Int32Array(memory);
    this.#numbers = new Float64Array(memory);
  }

  get isFree(): boolean {
    return Atomics.load(this.#words, IS_TAKEN) === 0;
  }

  /** It must be free. */
  leave(id: number, write: Write, memory: number): void {
    const numbers = this.#numbers;
    numbers[WRITE] = id;
    numbers[WRITE + 1] = write.descriptor;
    numbers[WRITE + 2] = memory;
    numbers[WRITE + 3] = write.bytes.byteOffset;
    numbers[WRITE + 4] = write.bytes.length;
    numbers[WRITE + 5] = write.position;
    numbers[WRITE + 6] = write.isSynced ? 1 : 0;
    Atomics.store(this.#words, IS_TAKEN, 1);
  }

  /** What was left or sent before is seen by the other side from now on, asleep or not. */
  ring(): void {
    Atomics.add(this.#words, RINGS, 1);
    Atomics.notify(this.#words, RINGS);
  }

  get rings(): number {
    return Atomics.load(this.#words, RINGS);
  }

  /** Returns when the bell rings, or has rung since there were so many rings. */
  sleep(rings: number): void {
    Atomics.wait(this.#words, RINGS, rings);
  }

  take(): LeftWrite | undefined {
    if (this.isFree) return undefined;
    const numbers = this.#numbers;
    const left = {
      id: numbers[WRITE]!,
      descriptor: numbers[WRITE + 1]!,
      memory: numbers[WRITE + 2]!,
      offset: numbers[WRITE + 3]!,
      length: numbers[WRITE + 4]!,
      position: numbers[WRITE + 5]!,
      isSynced: numbers[WRITE + 6] === 1,
    };
    Atomics.store(this.#words, IS_TAKEN, 0);
    return left;
  }
}
