import { documentName } from "@tidewire/foundation";
import type { Reader, Writer } from "@tidewire/wire";
import { RecordType } from "../format/record.ts";
import type { DocumentEntry } from "../index/document-entry.ts";
import type { DocumentIndex } from "../index/document-index.ts";

/** FORMAT.md section 5. A checkpoint is a head block, blocks of documents, and an end block. */
export const CHECKPOINT_MAGIC = "TIDECKPT";
export const BLOCK_HEADER_BYTES = 8;
/** A block is closed when it has grown to this; one document with a very long tail may make it larger. */
export const BLOCK_BYTES = 256 * 1024;
export const BLOCK_MAX_BYTES = 64 * 1024 * 1024;

const NAME_MAX = 600;
const PATCH_BYTES = 24;

/** Up to where the log is contained in a checkpoint. */
export interface LogPosition {
  /** 0: nothing was logged yet. */
  readonly segmentId: number;
  readonly endOffset: number;
}

export interface CheckpointHead {
  readonly id: number;
  readonly storeId: string;
  readonly position: LogPosition;
}

export function writeHead(writer: Writer, head: CheckpointHead): void {
  writer.string(CHECKPOINT_MAGIC, NAME_MAX, "magic");
  u53(writer, 1);
  u53(writer, head.id);
  writer.string(head.storeId, NAME_MAX, "store");
  u53(writer, head.position.segmentId);
  u53(writer, head.position.endOffset);
}

/** Throws on anything that is no such block. */
export function readHead(reader: Reader): CheckpointHead {
  if (reader.string(NAME_MAX, "magic") !== CHECKPOINT_MAGIC) throw new Error("no checkpoint");
  if (takeU53(reader) !== 1) throw new Error("a checkpoint of another version");
  const id = takeU53(reader);
  const storeId = reader.string(NAME_MAX, "store");
  return { id, storeId, position: { segmentId: takeU53(reader), endOffset: takeU53(reader) } };
}

export function writeEntry(writer: Writer, entry: DocumentEntry): void {
  writer.string(entry.name.space, NAME_MAX, "space");
  writer.string(entry.name.key, NAME_MAX, "key");
  for (const field of [entry.id, entry.epoch, entry.seq, entry.emptySeq]) u53(writer, field);
  optional(writer, entry.owner, (owner) => writer.string(owner, NAME_MAX, "owner"));
  optional(writer, entry.wakeAt, (wakeAt) => u53(writer, wakeAt));
  optional(writer, entry.damage, (damage) => writer.string(damage, 4_096, "damage"));
  flag(writer, entry.isDeleted);
  optional(writer, entry.lastAppend, (append) => {
    for (const field of [append.type, append.epoch, append.seq, append.span, append.length, append.payloadCrc]) {
      u53(writer, field);
    }
  });
  optional(writer, entry.snapshot, (snapshot) => {
    for (const field of [snapshot.seq, snapshot.location, snapshot.length]) u53(writer, field);
  });
  const patches = entry.patches.slice(0);
  writer.count(patches.length, Number.MAX_SAFE_INTEGER, "patches");
  for (const patch of patches) for (const field of [patch.seq, patch.location, patch.length]) u53(writer, field);
}

/** Adds one document to the index. Throws on anything malformed. */
export function readEntry(reader: Reader, index: DocumentIndex): void {
  const name = documentName(reader.string(NAME_MAX, "space"), reader.string(NAME_MAX, "key"));
  const entry = index.restore(takeU53(reader), name);
  entry.isNameLogged = true;
  entry.epoch = takeU53(reader);
  entry.seq = takeU53(reader);
  entry.emptySeq = takeU53(reader);
  if (takeFlag(reader)) entry.owner = reader.string(NAME_MAX, "owner");
  if (takeFlag(reader)) entry.wakeAt = takeU53(reader);
  if (takeFlag(reader)) entry.damage = reader.string(4_096, "damage");
  entry.isDeleted = takeFlag(reader);
  if (takeFlag(reader)) {
    const [type, epoch, seq, span, length, payloadCrc] = takeMany(reader, 6) as [
      RecordType,
      number,
      number,
      number,
      number,
      number,
    ];
    if (!Object.values(RecordType).includes(type)) throw new Error("an append of unknown type");
    entry.lastAppend = { type, epoch, seq, span, length, payloadCrc };
  }
  if (takeFlag(reader)) {
    const [seq, location, length] = takeMany(reader, 3) as [number, number, number];
    entry.snapshot = { seq, location, length };
  }
  const patches = reader.count(Number.MAX_SAFE_INTEGER, PATCH_BYTES, "patches");
  for (let read = 0; read < patches; read++) {
    const [seq, location, length] = takeMany(reader, 3) as [number, number, number];
    entry.patches.push(seq, location, length);
  }
  index.adopt(entry);
}

function optional<Value>(writer: Writer, value: Value | undefined, write: (value: Value) => void): void {
  flag(writer, value !== undefined);
  if (value !== undefined) write(value);
}

function flag(writer: Writer, value: boolean): void {
  writer.putBool(writer.reserve(1), value, "flag");
}

function takeFlag(reader: Reader): boolean {
  return reader.bool(reader.take(1), "flag");
}

function u53(writer: Writer, value: number): void {
  writer.putU53(writer.reserve(8), value, "number");
}

function takeU53(reader: Reader): number {
  return reader.u53(reader.take(8), "number");
}

function takeMany(reader: Reader, count: number): number[] {
  return Array.from({ length: count }, () => takeU53(reader));
}
