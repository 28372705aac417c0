import { crc32 } from "node:zlib";
import { headers as createHeaders, type MsgHdrs } from "@nats-io/nats-core";
import { token, untoken } from "./layout.ts";

/**
 * `append` is a patch or a deletion; `epoch` a take-over; `release` its end; `install` the beginning of a history that
 * comes from another log.
 */
export type RecordKind = "append" | "epoch" | "release" | "install";

/**
 * What the headers of a record say: not only what happened, but where the document stands afterwards. So the last message
 * of a subject alone answers who may write and where.
 */
export interface RecordHead {
  readonly kind: RecordKind;
  readonly epoch: number;
  readonly seq: number;
  /** Of an append: the head it follows. Of others: `seq`. */
  readonly expectedSeq: number;
  /** Counts the histories of a document: a deletion begins the next one. Snapshots of another one count for nothing. */
  readonly lineage: number;
  /** Where this history begins. */
  readonly baseSeq: number;
  /** This history begins with a snapshot that was installed, not with nothing: without the snapshot it is incomplete. */
  readonly restsOnSnapshot: boolean;
  readonly isDeleted: boolean;
  readonly wakeAt?: number;
  /** Absent when nobody holds the document. */
  readonly owner?: string;
  /** Of a take-over: who held the document and had not let go of it. */
  readonly takenFrom?: string;
}

/** Where the bytes of a record are: in its message, or in chunks at these sequences of the same stream. */
export interface StoredPayload {
  readonly chunks: readonly number[];
  readonly size: number;
  readonly crc: number;
}

export interface StoredRecord extends RecordHead {
  /** Of the message, in its stream. */
  readonly streamSeq: number;
  /** Wall clock of the server, ms. */
  readonly writtenAt: number;
  readonly payload: StoredPayload;
  /** Body of the message: the payload unless it is in chunks. */
  readonly body: Uint8Array;
}

export interface SnapshotHead {
  readonly epoch: number;
  readonly seq: number;
  readonly lineage: number;
  /** Stream sequence of the record that ends at `seq`. */
  readonly recordStreamSeq: number;
}

export interface StoredSnapshot extends SnapshotHead {
  readonly streamSeq: number;
  readonly payload: StoredPayload;
  readonly body: Uint8Array;
}

/** A message as a stream returns it. */
export interface StoredMessage {
  readonly seq: number;
  readonly writtenAt: number;
  readonly headers: MsgHdrs;
  readonly data: Uint8Array;
}

/** Bytes that are not what was written: a checksum or a header is wrong. */
export class DamagedRecord extends Error {}

const KINDS: ReadonlySet<string> = new Set<RecordKind>(["append", "epoch", "release", "install"]);

export function recordHeaders(head: RecordHead, payload: StoredPayload): MsgHdrs {
  const headers = createHeaders();
  headers.set("Doc-Kind", head.kind);
  headers.set("Doc-Epoch", String(head.epoch));
  headers.set("Doc-Seq", String(head.seq));
  if (head.kind === "append") headers.set("Doc-Prev", String(head.expectedSeq));
  if (head.lineage > 0) headers.set("Doc-Lineage", String(head.lineage));
  if (head.baseSeq > 0) headers.set("Doc-Base", String(head.baseSeq));
  if (head.restsOnSnapshot) headers.set("Doc-Rests", "1");
  if (head.isDeleted) headers.set("Doc-Deleted", "1");
  if (head.wakeAt !== undefined) headers.set("Doc-Wake", String(head.wakeAt));
  if (head.owner !== undefined) headers.set("Doc-Owner", token(head.owner));
  if (head.takenFrom !== undefined) headers.set("Doc-From", token(head.takenFrom));
  if (payload.chunks.length > 0) {
    headers.set("Doc-Chunks", payload.chunks.join(","));
    headers.set("Doc-Size", String(payload.size));
  }
  headers.set("Doc-Crc", hex(crc32(Buffer.from(sealed(head, payload)), payload.crc)));
  return headers;
}

/** Throws `DamagedRecord` unless everything is as it was written; the payload of chunks is checked when it is read. */
export function parseRecord(message: StoredMessage): StoredRecord {
  const { headers, data } = message;
  const kind = headers.get("Doc-Kind");
  if (!KINDS.has(kind)) throw new DamagedRecord(`message ${message.seq} is no record`);
  const seq = count(headers, "Doc-Seq");
  const chunks = chunkList(headers.get("Doc-Chunks"));
  const head: RecordHead = {
    kind: kind as RecordKind,
    epoch: count(headers, "Doc-Epoch"),
    seq,
    expectedSeq: kind === "append" ? count(headers, "Doc-Prev") : seq,
    lineage: count(headers, "Doc-Lineage", 0),
    baseSeq: count(headers, "Doc-Base", 0),
    restsOnSnapshot: headers.get("Doc-Rests") === "1",
    isDeleted: headers.get("Doc-Deleted") === "1",
    ...(headers.get("Doc-Wake") === "" ? {} : { wakeAt: count(headers, "Doc-Wake") }),
    ...(headers.get("Doc-Owner") === "" ? {} : { owner: untoken(headers.get("Doc-Owner")) }),
    ...(headers.get("Doc-From") === "" ? {} : { takenFrom: untoken(headers.get("Doc-From")) }),
  };
  const stored = Number.parseInt(headers.get("Doc-Crc"), 16);
  const { writtenAt, seq: streamSeq } = message;
  if (chunks.length > 0) {
    // The checksum of the payload is the body of a record whose payload is elsewhere.
    const payload = { chunks, size: count(headers, "Doc-Size"), crc: Number.parseInt(text(data), 16) };
    check(stored, crc32(Buffer.from(sealed(head, payload)), payload.crc), streamSeq);
    return { ...head, streamSeq, writtenAt, payload, body: data };
  }
  const payload = { chunks, size: data.length, crc: crc32(data) };
  check(stored, crc32(Buffer.from(sealed(head, payload)), payload.crc), streamSeq);
  return { ...head, streamSeq, writtenAt, payload, body: data };
}

export function snapshotHeaders(head: SnapshotHead, payload: StoredPayload): MsgHdrs {
  const headers = createHeaders();
  headers.set("Snap-Seq", String(head.seq));
  headers.set("Snap-Epoch", String(head.epoch));
  if (head.lineage > 0) headers.set("Snap-Lineage", String(head.lineage));
  headers.set("Snap-Record", String(head.recordStreamSeq));
  if (payload.chunks.length > 0) {
    headers.set("Snap-Chunks", payload.chunks.join(","));
    headers.set("Snap-Size", String(payload.size));
  }
  headers.set("Snap-Crc", hex(crc32(Buffer.from(sealedSnapshot(head, payload)), payload.crc)));
  return headers;
}

export function parseSnapshot(message: StoredMessage): StoredSnapshot {
  const { headers, data, seq: streamSeq } = message;
  const head: SnapshotHead = {
    seq: count(headers, "Snap-Seq"),
    epoch: count(headers, "Snap-Epoch"),
    lineage: count(headers, "Snap-Lineage", 0),
    recordStreamSeq: count(headers, "Snap-Record"),
  };
  const chunks = chunkList(headers.get("Snap-Chunks"));
  const isInline = chunks.length === 0;
  const payload = isInline
    ? { chunks, size: data.length, crc: crc32(data) }
    : { chunks, size: count(headers, "Snap-Size"), crc: Number.parseInt(text(data), 16) };
  const stored = Number.parseInt(headers.get("Snap-Crc"), 16);
  check(stored, crc32(Buffer.from(sealedSnapshot(head, payload)), payload.crc), streamSeq);
  return { ...head, streamSeq, payload, body: data };
}

/** The body of a message whose payload is in chunks. */
export function chunkedBody(payload: StoredPayload): Uint8Array {
  return Buffer.from(hex(payload.crc));
}

/** What the checksum covers beside the payload: everything the headers say, in a fixed order. */
function sealed(head: RecordHead, payload: StoredPayload): string {
  const { kind, epoch, seq, expectedSeq, lineage, baseSeq, wakeAt, owner, takenFrom } = head;
  const facts = (head.isDeleted ? 1 : 0) + (head.restsOnSnapshot ? 2 : 0);
  const names = [owner, takenFrom].map((name) => (name === undefined ? "-" : token(name)));
  const numbers = [epoch, seq, expectedSeq, lineage, baseSeq, facts, wakeAt ?? "-", payload.size];
  return [kind, ...numbers, ...names, payload.chunks.join(",")].join(" ");
}

function sealedSnapshot(head: SnapshotHead, payload: StoredPayload): string {
  return [
    "snapshot",
    head.epoch,
    head.seq,
    head.lineage,
    head.recordStreamSeq,
    payload.size,
    payload.chunks.join(","),
  ].join(" ");
}

function check(stored: number, actual: number, streamSeq: number): void {
  if (stored !== actual) throw new DamagedRecord(`the checksum of message ${streamSeq} is wrong`);
}

function count(headers: MsgHdrs, name: string, absent?: number): number {
  const value = headers.get(name);
  if (value === "" && absent !== undefined) return absent;
  const number = /^[0-9]{1,16}$/.test(value) ? Number(value) : Number.NaN;
  if (!Number.isSafeInteger(number)) throw new DamagedRecord(`header ${name} is missing or no number`);
  return number;
}

function chunkList(value: string): number[] {
  if (value === "") return [];
  const chunks = value.split(",").map(Number);
  if (!chunks.every((chunk) => Number.isSafeInteger(chunk) && chunk > 0))
    throw new DamagedRecord("chunks are no numbers");
  return chunks;
}

function hex(crc: number): string {
  return crc.toString(16).padStart(8, "0");
}

function text(data: Uint8Array): string {
  return Buffer.from(data.buffer, data.byteOffset, data.length).toString("latin1");
}
