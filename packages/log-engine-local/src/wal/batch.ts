import { crc32 } from "node:zlib";
import type { ServiceError } from "@tidewire/foundation";
import { locationOf } from "../format/location.ts";
import { WAKE_AT_BYTES } from "../format/payloads.ts";
import { RECORD_HEADER_BYTES, type RecordHeader, recordBytes, writeHeader } from "../format/record.ts";

/** A record on its way into the log. */
export interface WalRecord extends RecordHeader {
  readonly payload: Uint8Array;
  /** Stands before the payload. */
  readonly wakeAt?: number | undefined;
}

/** A record in a batch: where it will stand when the batch is durable. */
export interface PlacedRecord {
  readonly location: number;
  /** Of the whole payload, the time before it included. */
  readonly length: number;
  readonly payloadCrc: number;
}

/** What happens when the batch has become durable, or has not. Exactly one of the two is called, once. */
export interface Completion {
  commit(): void;
  fail(error: ServiceError): void;
}

export interface BatchPlace {
  readonly segmentId: number;
  readonly salt: number;
  readonly startOffset: number;
}

/** Records that become durable together: encoded at once, into the buffer that is written. */
export class Batch {
  readonly place: BatchPlace;
  /** Monotonic ms at which the first record came. */
  readonly openedAt: number;
  readonly completions: Completion[] = [];
  #buffer: Buffer;
  #length = 0;

  constructor(place: BatchPlace, openedAt: number, buffer: Buffer) {
    this.place = place;
    this.openedAt = openedAt;
    this.#buffer = buffer;
  }

  get buffer(): Buffer {
    return this.#buffer;
  }

  /** What is written. */
  get bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  get length(): number {
    return this.#length;
  }

  get endOffset(): number {
    return this.place.startOffset + this.#length;
  }

  /** Copies the payload: the caller may reuse its bytes at once. */
  add(record: WalRecord): PlacedRecord {
    const prefix = record.wakeAt === undefined ? 0 : WAKE_AT_BYTES;
    const length = prefix + record.payload.length;
    const bytes = recordBytes(length);
    this.#reserve(bytes);
    const offset = this.#length;
    const payloadStart = offset + RECORD_HEADER_BYTES;
    if (record.wakeAt !== undefined) this.#buffer.writeBigUInt64LE(BigInt(record.wakeAt), payloadStart);
    this.#buffer.set(record.payload, payloadStart + prefix);
    this.#buffer.fill(0, payloadStart + length, offset + bytes);
    const payloadCrc = crc32(this.#buffer.subarray(payloadStart, payloadStart + length));
    const place = { salt: this.place.salt, batchStart: this.place.startOffset };
    writeHeader(this.#buffer, offset, record, place, { length, crc: payloadCrc });
    this.#length += bytes;
    return { location: locationOf(this.place.segmentId, this.place.startOffset + offset), length, payloadCrc };
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#buffer.length) return;
    const grown = sharedBuffer(Math.max(needed, this.#buffer.length * 2));
    this.#buffer.copy(grown, 0, 0, this.#length);
    this.#buffer = grown;
  }
}

const INITIAL_BYTES = 256 * 1024;
/** One being written, one being filled, one being swapped. */
const KEPT_BUFFERS = 3;

/** On shared memory, so that a thread that writes it needs no copy, and the memory is not lost with that thread. */
function sharedBuffer(bytes: number): Buffer {
  return Buffer.from(new SharedArrayBuffer(bytes));
}

/** Hands buffers from batch to batch, so that steady load allocates nothing. */
export class BatchBuffers {
  readonly #keptMaxBytes: number;
  readonly #free: Buffer[] = [];

  constructor(keptMaxBytes: number) {
    this.#keptMaxBytes = keptMaxBytes;
  }

  take(): Buffer {
    return this.#free.pop() ?? sharedBuffer(INITIAL_BYTES);
  }

  give(buffer: Buffer): void {
    if (this.#free.length < KEPT_BUFFERS && buffer.length <= this.#keptMaxBytes) this.#free.push(buffer);
  }
}
