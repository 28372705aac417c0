import { crc32 } from "node:zlib";
import type { ServiceError } from "@tidewire/foundation";
import { locationOf } from "../format/location.ts";
import { WAKE_AT_BYTES } from "../format/payloads.ts";
import {
  RECORD_HEADER_BYTES,
  type RecordHeader,
  type RecordPlace,
  recordBytes,
  viewOf,
  writeHeader,
} from "../format/record.ts";

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

const nothing: Completion = { commit: () => {}, fail: () => {} };

/**
 * An append on its way into the log: record, completion and, once it is queued, where it will stand, in one object. It is
 * the hottest one there is, and every further object or closure for an append is felt.
 */
export interface QueuedAppend extends RecordHeader, Completion {
  readonly wakeAt: number | undefined;
  location: number;
  /** Of the whole payload, the time before it included. */
  length: number;
  payloadCrc: number;
  /** Of the batch: all appends of it are answered by one promise. */
  settled: Promise<void>;
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
  readonly #recordPlace: RecordPlace;
  #buffer: Buffer;
  #view: DataView;
  #length = 0;
  #appends = 0;
  #appendedBytes = 0;
  #settled: Promise<void> | undefined;
  #resolve = (): void => {};
  #reject: (error: ServiceError) => void = () => {};

  constructor(place: BatchPlace, openedAt: number, buffer: Buffer) {
    this.place = place;
    this.openedAt = openedAt;
    this.#buffer = buffer;
    this.#view = viewOf(buffer);
    this.#recordPlace = { salt: place.salt, batchStart: place.startOffset };
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

  /** Appends in it, and their bytes. */
  get appends(): number {
    return this.#appends;
  }

  get appendedBytes(): number {
    return this.#appendedBytes;
  }

  /** Copies the payload: the caller may reuse its bytes at once. */
  add(record: WalRecord, completion = nothing): PlacedRecord {
    const { payload, wakeAt } = record;
    const length = payload.length + (wakeAt === undefined ? 0 : WAKE_AT_BYTES);
    const location = locationOf(this.place.segmentId, this.endOffset);
    const payloadCrc = this.#write(record, payload, wakeAt);
    this.completions.push(completion);
    return { location, length, payloadCrc };
  }

  /** The same for an append, which is told where it stands and what answers it. */
  addAppend(append: QueuedAppend, data: Uint8Array): void {
    append.location = locationOf(this.place.segmentId, this.endOffset);
    append.length = data.length + (append.wakeAt === undefined ? 0 : WAKE_AT_BYTES);
    append.payloadCrc = this.#write(append, data, append.wakeAt);
    append.settled = this.#settled ??= new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.completions.push(append);
    this.#appends++;
    this.#appendedBytes += append.length;
  }

  /** It is durable: each record takes effect, in order, before anyone is answered. */
  commit(): void {
    for (const completion of this.completions) completion.commit();
    this.#resolve();
  }

  /** Nothing of it counts, whatever of it is on the disk. */
  fail(error: ServiceError): void {
    for (const completion of this.completions) completion.fail(error);
    this.#reject(error);
  }

  /** Returns the checksum of the payload. */
  #write(header: RecordHeader, payload: Uint8Array, wakeAt: number | undefined): number {
    const offset = this.#length;
    const prefix = wakeAt === undefined ? 0 : WAKE_AT_BYTES;
    const length = prefix + payload.length;
    const end = offset + recordBytes(length);
    if (end > this.#buffer.length) this.#grow(end);
    const buffer = this.#buffer;
    const start = offset + RECORD_HEADER_BYTES;
    let crc = 0;
    if (wakeAt !== undefined) {
      buffer.writeBigUInt64LE(BigInt(wakeAt), start);
      crc = crc32(buffer.subarray(start, start + prefix));
    }
    // Of the bytes given, which are those copied: a view of the copy would cost a third more.
    crc = crc32(payload, crc);
    buffer.set(payload, start + prefix);
    for (let at = start + length; at < end; at++) buffer[at] = 0;
    writeHeader(this.#view, offset, header, this.#recordPlace, { length, crc });
    this.#length = end;
    return crc;
  }

  #grow(needed: number): void {
    const grown = sharedBuffer(Math.max(needed, this.#buffer.length * 2));
    this.#buffer.copy(grown, 0, 0, this.#length);
    this.#buffer = grown;
    this.#view = viewOf(grown);
  }
}

const INITIAL_BYTES = 256 * 1024;
/** One being written, one being filled, one being swapped. */
const KEPT_BUFFERS = 3;

/** On shared memory, so that a thread that writes it needs no copy, and the memory is not lost with that thread. */
export function sharedBuffer(bytes: number): Buffer {
  return Buffer.from(new SharedArrayBuffer(bytes));
}

/** Hands buffers from batch to batch, so that steady load allocates nothing. */
export class BatchBuffers {
  readonly #keptMaxBytes: number;
  readonly #initialBytes: number;
  readonly #free: Buffer[] = [];

  constructor(keptMaxBytes: number, initialBytes = INITIAL_BYTES) {
    this.#keptMaxBytes = keptMaxBytes;
    this.#initialBytes = initialBytes;
  }

  /** Of `initialBytes`, or more. */
  take(): Buffer {
    return this.#free.pop() ?? sharedBuffer(this.#initialBytes);
  }

  give(buffer: Buffer): void {
    if (this.#free.length < KEPT_BUFFERS && buffer.length <= this.#keptMaxBytes) this.#free.push(buffer);
  }
}
