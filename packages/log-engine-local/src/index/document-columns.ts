import { randomInt } from "node:crypto";
import type { DocumentName } from "@tidewire/foundation";
import { RecordType } from "../format/record.ts";
import { type AppendIdentity, DocumentEntry, type StoredSnapshot } from "./document-entry.ts";
import {
  DocumentPage,
  Flag,
  hashText,
  NumberField,
  PAGE_DOCUMENTS,
  PAGE_SHIFT,
  SLOT_MASK,
  WordField,
} from "./document-page.ts";
import { KeyTable } from "./key-table.ts";
import { NameTable } from "./name-table.ts";
import { PatchPool } from "./patch-pool.ts";

/** The patches of a document at rest are a list; of longer ones an entry finds them faster. */
const TAIL_LOOKS_MAX = 256;

/**
 * Every document at rest, by id: a row in a page of columns, its patches in the pool, its owner and space by number.
 * A document that is at work has an entry besides, which is then the truth; `write` brings the row up to it.
 */
export class DocumentColumns {
  readonly owners = new NameTable();
  readonly spaces = new NameTable();
  readonly #pages: (DocumentPage | undefined)[] = [];
  readonly #pool = new PatchPool();
  readonly #keys = new KeyTable({ hashOf: (id) => this.#hashOf(id) });
  /** Of this process: keys come from outside, and must not be chosen so that they all fall on one place. */
  readonly #seed = randomInt(2 ** 31);
  #nextId = 1;

  /** One more than the highest id in use. */
  get nextId(): number {
    return this.#nextId;
  }

  get pageCount(): number {
    return this.#pages.length;
  }

  page(index: number): DocumentPage | undefined {
    return this.#pages[index];
  }

  has(id: number): boolean {
    const page = this.#pages[id >>> PAGE_SHIFT];
    return page !== undefined && page.flags(id & SLOT_MASK) !== 0;
  }

  /** 0 if there is none of this name. */
  find(name: DocumentName): number {
    const space = this.spaces.find(name.space);
    if (space === undefined) return 0;
    const { key } = name;
    return this.#keys.find(hashText(key, this.#seed ^ space), (id) => this.#isNamed(id, space, key));
  }

  name(id: number): DocumentName {
    return { space: this.spaces.name(this.#word(id, WordField.space)) as string, key: this.key(id) };
  }

  key(id: number): string {
    return this.#page(id).key(id & SLOT_MASK);
  }

  seq(id: number): number {
    return this.#page(id).numbers[NumberField.seq + (id & SLOT_MASK)]!;
  }

  wakeAt(id: number): number | undefined {
    const page = this.#page(id);
    const slot = id & SLOT_MASK;
    return (page.flags(slot) & Flag.hasWakeAt) === 0 ? undefined : page.numbers[NumberField.wakeAt + slot];
  }

  /** The orders go by this field, so it is never behind the entry. */
  setWakeAt(id: number, wakeAt: number | undefined): void {
    const page = this.#page(id);
    const slot = id & SLOT_MASK;
    page.numbers[NumberField.wakeAt + slot] = wakeAt ?? 0;
    if (wakeAt === undefined) page.words[WordField.mixed + slot]! &= ~Flag.hasWakeAt;
    else page.words[WordField.mixed + slot]! |= Flag.hasWakeAt;
  }

  exists(id: number): boolean {
    const page = this.#page(id);
    const slot = id & SLOT_MASK;
    return (page.flags(slot) & Flag.isDeleted) === 0 && page.numbers[NumberField.seq + slot]! > 0;
  }

  snapshot(id: number): StoredSnapshot | undefined {
    const page = this.#page(id);
    const slot = id & SLOT_MASK;
    if ((page.flags(slot) & Flag.hasSnapshot) === 0) return undefined;
    return {
      seq: page.numbers[NumberField.snapshotSeq + slot]!,
      location: page.numbers[NumberField.snapshotLocation + slot]!,
      length: page.words[WordField.snapshotLength + slot]!,
    };
  }

  /** Where the history begins. */
  baseSeq(id: number): number {
    const page = this.#page(id);
    const slot = id & SLOT_MASK;
    const hasSnapshot = (page.flags(slot) & Flag.hasSnapshot) !== 0;
    return page.numbers[(hasSnapshot ? NumberField.snapshotSeq : NumberField.emptySeq) + slot]!;
  }

  space(id: number): string {
    return this.spaces.name(this.#word(id, WordField.space)) as string;
  }

  compareKeys(a: number, b: number): number {
    return this.#page(a).compareKey(a & SLOT_MASK, this.#page(b), b & SLOT_MASK);
  }

  /** A new row. The id must not be in use. */
  add(id: number, name: DocumentName): void {
    const page = this.#pageFor(id);
    const slot = id & SLOT_MASK;
    page.addKey(slot, name.key);
    const space = this.spaces.acquire(name.space);
    page.words[WordField.space + slot] = space;
    this.#keys.add(hashText(name.key, this.#seed ^ space), id);
  }

  /** The record that ties the id to the name is on the disk. */
  setNameLogged(id: number): void {
    this.#page(id).words[WordField.mixed + (id & SLOT_MASK)]! |= Flag.isNameLogged;
  }

  /** A whole page as it was written. Nothing can be found by name before `indexKeys`. The columns of names are numbers of this store. */
  addPage(index: number, fill: (page: DocumentPage) => void): void {
    const page = this.#pageFor(index * PAGE_DOCUMENTS);
    fill(page);
    for (let slot = PAGE_DOCUMENTS - 1; slot >= 0; slot--) {
      if (page.flags(slot) === 0) continue;
      this.#nextId = Math.max(this.#nextId, index * PAGE_DOCUMENTS + slot + 1);
      return;
    }
  }

  /** Makes the rows of all added pages findable, once. */
  indexKeys(): void {
    const hashes = new Uint32Array(this.#nextId);
    for (const [number, page] of this.#pages.entries()) page?.hashKeys(this.#seed, hashes, number * PAGE_DOCUMENTS);
    this.#keys.build(hashes, (id) => this.has(id));
  }

  /** The document as an entry of its own. */
  read(id: number): DocumentEntry {
    const { numbers, words } = this.#page(id);
    const slot = id & SLOT_MASK;
    const mixed = words[WordField.mixed + slot]!;
    const entry = new DocumentEntry(id, this.name(id));
    const seq = numbers[NumberField.seq + slot]!;
    entry.isNameLogged = (mixed & Flag.isNameLogged) !== 0;
    entry.epoch = words[WordField.epoch + slot]!;
    entry.owner = this.owners.name(words[WordField.owner + slot]!);
    entry.seq = seq;
    entry.isDeleted = (mixed & Flag.isDeleted) !== 0;
    entry.emptySeq = numbers[NumberField.emptySeq + slot]!;
    if ((mixed & Flag.hasWakeAt) !== 0) entry.wakeAt = numbers[NumberField.wakeAt + slot]!;
    if ((mixed & Flag.hasSnapshot) !== 0) {
      entry.snapshot = {
        seq: numbers[NumberField.snapshotSeq + slot]!,
        location: numbers[NumberField.snapshotLocation + slot]!,
        length: words[WordField.snapshotLength + slot]!,
      };
    }
    if ((mixed & Flag.hasAppend) !== 0) {
      entry.lastAppend = {
        type: ((mixed >>> 8) & 0xff) as RecordType,
        epoch: words[WordField.appendEpoch + slot]!,
        seq,
        span: words[WordField.appendSpan + slot]!,
        length: words[WordField.appendLength + slot]!,
        payloadCrc: words[WordField.appendCrc + slot]!,
      };
    }
    this.#pool.copyTo(words[WordField.tailFirst + slot]!, entry.patches);
    return entry;
  }

  /** Brings the row up to the entry, all but its patches and what the row always has: name and timer. */
  write(entry: DocumentEntry): void {
    const { id, snapshot, lastAppend } = entry;
    const { numbers, words } = this.#page(id);
    const slot = id & SLOT_MASK;
    let mixed = (words[WordField.mixed + slot]! & 0xffff_0000) | Flag.isUsed;
    if (entry.isNameLogged) mixed |= Flag.isNameLogged;
    if (entry.isDeleted) mixed |= Flag.isDeleted;
    if (entry.wakeAt !== undefined) mixed |= Flag.hasWakeAt;
    if (snapshot !== undefined) {
      mixed |= Flag.hasSnapshot;
      numbers[NumberField.snapshotSeq + slot] = snapshot.seq;
      numbers[NumberField.snapshotLocation + slot] = snapshot.location;
      words[WordField.snapshotLength + slot] = snapshot.length;
    }
    if (lastAppend !== undefined) {
      mixed |= Flag.hasAppend | (lastAppend.type << 8);
      words[WordField.appendEpoch + slot] = lastAppend.epoch;
      words[WordField.appendSpan + slot] = lastAppend.span;
      words[WordField.appendLength + slot] = lastAppend.length;
      words[WordField.appendCrc + slot] = lastAppend.payloadCrc;
    }
    words[WordField.mixed + slot] = mixed;
    words[WordField.epoch + slot] = entry.epoch;
    numbers[NumberField.seq + slot] = entry.seq;
    numbers[NumberField.emptySeq + slot] = entry.emptySeq;
    const owner = words[WordField.owner + slot]!;
    if (this.owners.name(owner) === entry.owner) return;
    words[WordField.owner + slot] = this.owners.acquire(entry.owner);
    this.owners.release(owner);
  }

  /**
   * Puts a patch that was read back behind the others of a document at rest, where that is all there is to do. Returns the
   * seq it follows; -1, and nothing has changed, if the document is deleted, has a timer, or does not stand there.
   */
  extend(id: number, patch: Omit<AppendIdentity, "type">, location: number): number {
    const { numbers, words } = this.#page(id);
    const slot = id & SLOT_MASK;
    const mixed = words[WordField.mixed + slot]!;
    const seq = numbers[NumberField.seq + slot]!;
    if ((mixed & (Flag.isDeleted | Flag.hasWakeAt)) !== 0 || patch.seq - patch.span !== seq) return -1;
    words[WordField.mixed + slot] = (mixed & 0xffff_00ff) | Flag.hasAppend | (RecordType.patch << 8);
    if (patch.epoch > words[WordField.epoch + slot]!) words[WordField.epoch + slot] = patch.epoch;
    words[WordField.appendEpoch + slot] = patch.epoch;
    words[WordField.appendSpan + slot] = patch.span;
    words[WordField.appendLength + slot] = patch.length;
    words[WordField.appendCrc + slot] = patch.payloadCrc;
    numbers[NumberField.seq + slot] = patch.seq;
    const last = this.#pool.append(words[WordField.tailLast + slot]!, patch.seq, location, patch.length);
    words[WordField.tailLast + slot] = last;
    if (words[WordField.tailFirst + slot] === 0) words[WordField.tailFirst + slot] = last;
    return seq;
  }

  /** The snapshot of a document at rest; its patches are dropped by `dropPatches`. */
  setSnapshot(id: number, snapshot: StoredSnapshot): void {
    const { numbers, words } = this.#page(id);
    const slot = id & SLOT_MASK;
    words[WordField.mixed + slot]! |= Flag.hasSnapshot;
    numbers[NumberField.snapshotSeq + slot] = snapshot.seq;
    numbers[NumberField.snapshotLocation + slot] = snapshot.location;
    words[WordField.snapshotLength + slot] = snapshot.length;
  }

  /** Of a document at rest, those that lead to this seq or less. */
  dropPatches(id: number, seq: number, dropped: (location: number, length: number) => void): void {
    const { words } = this.#page(id);
    const slot = id & SLOT_MASK;
    const tail = { first: words[WordField.tailFirst + slot]!, last: words[WordField.tailLast + slot]! };
    const { first, last } = this.#pool.dropUpTo(tail, seq, dropped);
    words[WordField.tailFirst + slot] = first;
    words[WordField.tailLast + slot] = last;
  }

  /** The epoch of a document at rest, unless it has a later one. */
  setEpoch(id: number, epoch: number, owner: string | undefined): void {
    const { words } = this.#page(id);
    const slot = id & SLOT_MASK;
    if (epoch < words[WordField.epoch + slot]!) return;
    words[WordField.epoch + slot] = epoch;
    const former = words[WordField.owner + slot]!;
    words[WordField.owner + slot] = this.owners.acquire(owner);
    this.owners.release(former);
  }

  /** Whether a patch of a document at rest stands there; `undefined`: it has too many to be looked through. */
  hasPatchAt(id: number, location: number): boolean | undefined {
    return this.#pool.hasLocation(this.#word(id, WordField.tailFirst), location, TAIL_LOOKS_MAX);
  }

  /** Takes the patches out of the pool: the entry has them now. */
  releaseTail(id: number): void {
    const { words } = this.#page(id);
    const slot = id & SLOT_MASK;
    this.#pool.release({ first: words[WordField.tailFirst + slot]!, last: words[WordField.tailLast + slot]! });
    words[WordField.tailFirst + slot] = 0;
    words[WordField.tailLast + slot] = 0;
  }

  /** Puts patches into the pool, behind those that are there. */
  addTail(id: number, patches: DocumentEntry["patches"]): void {
    if (patches.count === 0) return;
    const { words } = this.#page(id);
    const slot = id & SLOT_MASK;
    const tail = { first: words[WordField.tailFirst + slot]!, last: words[WordField.tailLast + slot]! };
    const { first, last } = this.#pool.push(tail, patches);
    words[WordField.tailFirst + slot] = first;
    words[WordField.tailLast + slot] = last;
  }

  #isNamed(id: number, space: number, key: string): boolean {
    const page = this.#page(id);
    const slot = id & SLOT_MASK;
    return page.words[WordField.space + slot] === space && page.hasKey(slot, key);
  }

  #hashOf(id: number): number {
    const page = this.#page(id);
    const slot = id & SLOT_MASK;
    return page.hashKey(slot, this.#seed ^ page.words[WordField.space + slot]!);
  }

  #word(id: number, field: number): number {
    return this.#page(id).words[field + (id & SLOT_MASK)]!;
  }

  #page(id: number): DocumentPage {
    return this.#pages[id >>> PAGE_SHIFT]!;
  }

  #pageFor(id: number): DocumentPage {
    const index = id >>> PAGE_SHIFT;
    while (this.#pages.length <= index) this.#pages.push(undefined);
    this.#nextId = Math.max(this.#nextId, id + 1);
    return (this.#pages[index] ??= new DocumentPage());
  }
}
