import type { Reader, Writer } from "@tidewire/wire";
import type { NotedDeletion } from "../index/deletion-queue.ts";
import type { DocumentIndex } from "../index/document-index.ts";
import { PAGE_DOCUMENTS, ROW_BYTES, WordField } from "../index/document-page.ts";
import type { NameTable } from "../index/name-table.ts";
import { PatchList } from "../index/patch-list.ts";

/** FORMAT.md section 5. A checkpoint is a head block, blocks of several kinds, and an end block. */
export const CHECKPOINT_MAGIC = "TIDECKPT";
export const BLOCK_HEADER_BYTES = 8;
export const BLOCK_MAX_BYTES = 64 * 1024 * 1024;

/** The first number of a block. */
export const BlockKind = { page: 1, tails: 2, listed: 3, damage: 4, deaths: 5, deletions: 6, end: 9 } as const;

const NAME_MAX = 600;
const DAMAGE_MAX = 4_096;
const PATCH_BYTES = 20;
/** A block of patches is closed when it has grown to this; one document with a very long tail may make it larger. */
const TAILS_BYTES = 1024 * 1024;
export const LISTED_IDS = 64 * 1024;
export const DELETIONS_MAX = 4 * 1024;

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
  /** About how many documents follow. */
  readonly documents: number;
  /** The time of the log. */
  readonly atMs: number;
}

export function writeHead(writer: Writer, head: CheckpointHead): void {
  writer.string(CHECKPOINT_MAGIC, NAME_MAX, "magic");
  putNumber(writer, 1);
  putNumber(writer, head.id);
  writer.string(head.storeId, NAME_MAX, "store");
  putNumber(writer, head.position.segmentId);
  putNumber(writer, head.position.endOffset);
  putNumber(writer, head.documents);
  putTime(writer, head.atMs);
}

/** Throws on anything that is no such block. */
export function readHead(reader: Reader): CheckpointHead {
  if (reader.string(NAME_MAX, "magic") !== CHECKPOINT_MAGIC) throw new Error("no checkpoint");
  if (takeNumber(reader) !== 1) throw new Error("a checkpoint of another version");
  const id = takeNumber(reader);
  const storeId = reader.string(NAME_MAX, "store");
  const position = { segmentId: takeNumber(reader), endOffset: takeNumber(reader) };
  return { id, storeId, position, documents: takeNumber(reader), atMs: takeNumber(reader) };
}

/**
 * One page of documents, as it is in memory, with the names its rows refer to by number. Calls `close` whenever what was
 * written so far makes a block: all of it, without a pause, because the rows and their patches must be of one moment.
 * Returns how many documents that were.
 */
export function writePage(writer: Writer, index: DocumentIndex, number: number, close: () => void): number {
  const page = index.columns.page(number);
  if (page === undefined) return 0;
  const patchesOf = index.settlePage(number);
  const used = Array.from({ length: PAGE_DOCUMENTS }, (_, slot) => slot).filter((slot) => page.flags(slot) !== 0);
  if (used.length === 0) return 0;
  putNumber(writer, BlockKind.page);
  putNumber(writer, number);
  const names = (field: number, nameOf: (name: number) => string | undefined): void => {
    const numbers = new Set(used.map((slot) => page.words[field + slot]!));
    putNumber(writer, numbers.size);
    for (const each of numbers) {
      putNumber(writer, each);
      writer.string(nameOf(each) ?? "", NAME_MAX, "name");
    }
  };
  names(WordField.space, (each) => index.columns.spaces.name(each));
  names(WordField.owner, (each) => index.columns.owners.name(each));
  writer.bytes(page.save(used.at(-1)! + 1), 0, BLOCK_MAX_BYTES, "columns");
  writer.bytes(page.keys, 0, BLOCK_MAX_BYTES, "keys");
  close();
  writeTails(writer, number, used, patchesOf, close);
  return used.length;
}

function writeTails(
  writer: Writer,
  page: number,
  slots: readonly number[],
  patchesOf: (id: number) => PatchList,
  close: () => void,
): void {
  for (const slot of slots) {
    const id = page * PAGE_DOCUMENTS + slot;
    const patches = patchesOf(id);
    if (patches.count === 0) continue;
    if (writer.position === 0) putNumber(writer, BlockKind.tails);
    putNumber(writer, id);
    putNumber(writer, patches.count);
    for (let at = 0; at < patches.count; at++) {
      putNumber(writer, patches.seqAt(at));
      putNumber(writer, patches.locationAt(at));
      writer.putU32(writer.reserve(4), patches.lengthAt(at), "length");
    }
    if (writer.position >= TAILS_BYTES) close();
  }
  if (writer.position > 0) close();
}

export function readPage(reader: Reader, index: DocumentIndex): void {
  const number = takeNumber(reader);
  const spaces = takeNames(reader, index.columns.spaces);
  const owners = takeNames(reader, index.columns.owners);
  const columns = reader.bytes(0, PAGE_DOCUMENTS * ROW_BYTES, "columns");
  const keys = reader.bytes(0, BLOCK_MAX_BYTES, "keys");
  index.columns.addPage(number, (page) => {
    const rows = columns.length / ROW_BYTES;
    page.load(rows, columns);
    page.setKeys(keys);
    const { words } = page;
    for (let slot = 0; slot < rows; slot++) {
      if (page.flags(slot) === 0) continue;
      words[WordField.space + slot] = renamed(index.columns.spaces, spaces, words[WordField.space + slot]!);
      words[WordField.owner + slot] = renamed(index.columns.owners, owners, words[WordField.owner + slot]!);
    }
  });
  for (const space of spaces.values()) index.columns.spaces.release(space);
  for (const owner of owners.values()) index.columns.owners.release(owner);
  index.adoptPage(number);
}

/** One more use of the name that had this number when the page was written. */
function renamed(table: NameTable, names: ReadonlyMap<number, number>, written: number): number {
  const number = names.get(written);
  if (number === undefined) throw new Error("a name is missing");
  table.use(number);
  return number;
}

export function readTails(reader: Reader, index: DocumentIndex): void {
  while (reader.remaining > 0) {
    const id = takeNumber(reader);
    if (!index.columns.has(id)) throw new Error("patches of no document");
    const count = takeNumber(reader);
    if (count * PATCH_BYTES > reader.remaining) throw new Error("patches are missing");
    const patches = new PatchList();
    for (let read = 0; read < count; read++) {
      const seq = takeNumber(reader);
      const location = takeNumber(reader);
      patches.push(seq, location, reader.view.getUint32(reader.take(4), true));
    }
    index.adoptTail(id, patches);
  }
}

export function writeListed(writer: Writer, space: string, ids: Uint32Array): void {
  putNumber(writer, BlockKind.listed);
  writer.string(space, NAME_MAX, "space");
  for (const id of ids) writer.putU32(writer.reserve(4), id, "id");
}

/** Ids of existing documents in key order. Some may have been created or deleted while the checkpoint was written. */
export function readListed(reader: Reader, index: DocumentIndex, isListed: Uint8Array): void {
  const space = reader.string(NAME_MAX, "space");
  const { columns } = index;
  const count = reader.remaining / 4;
  const ids = new Uint32Array(count);
  let length = 0;
  for (let at = reader.take(count * 4), read = 0; read < count; read++) {
    const id = reader.view.getUint32(at + read * 4, true);
    if (!columns.has(id) || !columns.exists(id) || isListed[id] !== 0) continue;
    isListed[id] = 1;
    ids[length++] = id;
  }
  index.adoptListed(space, ids.subarray(0, length));
}

export function writeDamage(writer: Writer, index: DocumentIndex): void {
  for (const { id, damage } of index.damaged()) {
    if (writer.position === 0) putNumber(writer, BlockKind.damage);
    putNumber(writer, id);
    writer.string(damage.slice(0, DAMAGE_MAX), DAMAGE_MAX, "damage");
  }
}

export function readDamage(reader: Reader, index: DocumentIndex): void {
  while (reader.remaining > 0) index.markDamaged(takeNumber(reader), reader.string(DAMAGE_MAX, "damage"));
}

/** When records of segments were needed for the last time. Behind the pages, whose effects it holds therefore. */
export function writeDeaths(writer: Writer, index: DocumentIndex): void {
  putNumber(writer, BlockKind.deaths);
  for (const { id, atMs } of index.segments.deaths()) {
    putNumber(writer, id);
    putTime(writer, atMs);
  }
}

export function readDeaths(reader: Reader, index: DocumentIndex): void {
  while (reader.remaining > 0) index.segments.adoptDeath(takeNumber(reader), takeNumber(reader));
}

/** Deletions whose records are kept, the oldest first, at most `DELETIONS_MAX` in a block. */
export function writeDeletions(writer: Writer, deletions: readonly NotedDeletion[]): void {
  putNumber(writer, BlockKind.deletions);
  for (const { documentId, seq, atMs } of deletions) {
    putNumber(writer, documentId);
    putNumber(writer, seq);
    putTime(writer, atMs);
  }
}

export function* readDeletions(reader: Reader): Generator<NotedDeletion> {
  while (reader.remaining > 0) {
    yield { documentId: takeNumber(reader), seq: takeNumber(reader), atMs: takeNumber(reader) };
  }
}

function putTime(writer: Writer, ms: number): void {
  putNumber(writer, Math.max(0, Math.floor(ms)));
}

export function putNumber(writer: Writer, value: number): void {
  writer.putU53(writer.reserve(8), value, "number");
}

export function takeNumber(reader: Reader): number {
  return reader.u53(reader.take(8), "number");
}

/** What the numbers of a page are here. Each name is in use once until its number is released. */
function takeNames(reader: Reader, table: NameTable): Map<number, number> {
  const names = new Map<number, number>();
  for (let left = takeNumber(reader); left > 0; left--) {
    const written = takeNumber(reader);
    const name = reader.string(NAME_MAX, "name");
    names.set(written, table.acquire(name === "" ? undefined : name));
  }
  return names;
}
