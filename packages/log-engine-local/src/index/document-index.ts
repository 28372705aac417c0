import type { DocumentName } from "@tidewire/foundation";
import type { DocumentBase, MovedReference, SnapshotReference } from "../format/payloads.ts";
import { RecordType, recordBytes } from "../format/record.ts";
import { ActiveDocuments } from "./active-documents.ts";
import { DeletionQueue, type NotedDeletion } from "./deletion-queue.ts";
import { DocumentColumns } from "./document-columns.ts";
import { type AppendIdentity, DocumentEntry } from "./document-entry.ts";
import { Flag, NumberField, PAGE_DOCUMENTS, WordField } from "./document-page.ts";
import { merged } from "./merged.ts";
import type { PatchList } from "./patch-list.ts";
import type { SegmentTable } from "./segment-table.ts";
import { SortedIds } from "./sorted-ids.ts";

/** Where an append stands in the log, and what it says about the document's next timer. */
export interface AppendPlace {
  readonly location: number;
  readonly wakeAt: number | undefined;
}

/**
 * Every document, by name and by id, and the two orders in which they are asked for. The same methods apply a record that
 * has just become durable and one that is read back at start.
 *
 * A document at rest is a row of columns, about 120 bytes with its name; one that is asked for by `find` or `byId` is
 * made an entry of its own, and goes back to rest when others need the place.
 */
export class DocumentIndex {
  readonly segments: SegmentTable;
  readonly columns = new DocumentColumns();
  readonly deletions = new DeletionQueue();
  readonly #active: ActiveDocuments;
  readonly #listed = new Map<string, SortedIds>();
  readonly #due = new SortedIds(
    (a, b) =>
      (this.columns.wakeAt(a) as number) - (this.columns.wakeAt(b) as number) ||
      this.columns.compareKeys(a, b) ||
      a - b,
  );
  readonly #damaged = new Map<number, string>();
  /** Deleted and merely opened documents, in key order. Only since somebody asked for all documents. */
  #unlisted: Map<string, SortedIds> | undefined;
  #count = 0;
  #deletionBytes = 0;
  /** Deleted documents of a checkpoint that is being read, until it says when they were. */
  readonly #undated = new Set<number>();

  constructor(segments: SegmentTable, activeMax: number) {
    this.segments = segments;
    this.#active = new ActiveDocuments(activeMax, (entry) => {
      this.columns.write(entry);
      this.columns.addTail(entry.id, entry.patches);
    });
  }

  get count(): number {
    return this.#count;
  }

  /** Bytes of the records of deletions that are kept. */
  get deletionBytes(): number {
    return this.#deletionBytes;
  }

  get activeCount(): number {
    return this.#active.count;
  }

  /** It is at work, and its row behind its entry. */
  isActive(id: number): boolean {
    return this.#active.byId(id) !== undefined;
  }

  get damagedCount(): number {
    return this.#damaged.size;
  }

  /** From now on so many documents are kept ready for writes. */
  limitActive(max: number): void {
    this.#active.max = max;
    this.#active.makeRoom(max);
  }

  /** If it is kept ready for writes. The name need not be well formed. */
  findActive(name: DocumentName): DocumentEntry | undefined {
    return this.#active.find(name);
  }

  find(name: DocumentName): DocumentEntry | undefined {
    const active = this.#active.find(name);
    if (active !== undefined) return active;
    const id = this.columns.find(name);
    return id === 0 ? undefined : this.#wake(id);
  }

  byId(id: number): DocumentEntry | undefined {
    return this.#active.byId(id) ?? (this.columns.has(id) ? this.#wake(id) : undefined);
  }

  /** To be looked at only, and only in this turn: the entry may be a copy. */
  peek(id: number): DocumentEntry | undefined {
    return this.#active.byId(id) ?? (this.columns.has(id) ? this.#read(id) : undefined);
  }

  /** Whether a document whose log is whole needs the snapshot, or the patch to this seq, at this place. */
  needs(id: number, record: { readonly seq: number; readonly isSnapshot: boolean }, location: number): boolean {
    if (!this.columns.has(id) || this.#damaged.has(id)) return false;
    const { seq, isSnapshot } = record;
    if (!this.isActive(id)) {
      if (isSnapshot) return this.columns.snapshot(id)?.location === location;
      const isThere = this.columns.hasPatchAt(id, location);
      if (isThere !== undefined) return isThere;
    }
    const entry = this.byId(id)!;
    return (isSnapshot ? entry.snapshot : entry.patches.find(seq))?.location === location;
  }

  nameOf(id: number): DocumentName | undefined {
    return this.columns.has(id) ? this.columns.name(id) : undefined;
  }

  create(name: DocumentName): DocumentEntry {
    const id = this.columns.nextId;
    this.#add(id, name);
    return this.#active.add(new DocumentEntry(id, { space: name.space, key: name.key }));
  }

  /** A name that was read back, at rest. */
  restore(id: number, name: DocumentName): void {
    this.#add(id, name);
    this.columns.setNameLogged(id);
  }

  /** To be looked at only, each before the next one. */
  *entries(): Generator<DocumentEntry> {
    for (let id = 1; id < this.columns.nextId; id++) {
      const entry = this.peek(id);
      if (entry !== undefined) yield entry;
    }
  }

  applyAppend(entry: DocumentEntry, append: AppendIdentity, place: AppendPlace): void {
    const deletes = append.type === RecordType.deletion;
    const existed = entry.exists;
    if (deletes || entry.isDeleted) this.#dropUpTo(entry, append.seq);
    entry.lastAppend = append;
    entry.seq = append.seq;
    if (entry.wakeAt !== place.wakeAt) this.#setWakeAt(entry, place.wakeAt);
    entry.patches.push(append.seq, place.location, append.length);
    this.segments.needs(place.location, recordBytes(append.length));
    if (deletes) {
      entry.emptySeq = append.seq;
      this.deletions.push({ documentId: entry.id, seq: append.seq, atMs: this.segments.nowMs ?? 0 });
      this.#deletionBytes += recordBytes(append.length);
    }
    entry.isDeleted = deletes;
    if (entry.exists !== existed) this.#setListed(entry);
  }

  /** Also where it is the snapshot of a seq that has one already: it was written twice. */
  applySnapshot(entry: DocumentEntry, seq: number, reference: SnapshotReference): void {
    this.#dropUpTo(entry, seq);
    entry.snapshot = { seq, ...reference };
    this.segments.needs(reference.location, recordBytes(reference.length));
  }

  /** The document comes from another log, and begins here. Nobody owns it. */
  applyBase(entry: DocumentEntry, base: DocumentBase & { readonly epoch: number; readonly seq: number }): void {
    const existed = entry.exists;
    this.#dropUpTo(entry, entry.seq);
    entry.epoch = Math.max(entry.epoch, base.epoch);
    entry.owner = undefined;
    entry.lastAppend = undefined;
    entry.seq = base.seq;
    entry.isDeleted = base.isDeleted;
    entry.emptySeq = base.snapshot === undefined ? base.seq : 0;
    if (base.snapshot !== undefined) {
      entry.snapshot = { seq: base.seq, ...base.snapshot };
      this.segments.needs(base.snapshot.location, recordBytes(base.snapshot.length));
    }
    if (entry.wakeAt !== base.wakeAt) this.#setWakeAt(entry, base.wakeAt);
    if (entry.exists !== existed) this.#setListed(entry);
  }

  /** The snapshot stands elsewhere now, unless another one has taken its place. */
  moveSnapshot(entry: DocumentEntry, seq: number, { location, length, from }: MovedReference): void {
    if (entry.snapshot?.seq !== seq || entry.snapshot.location !== from) return;
    this.segments.moves(from, location, recordBytes(length));
    entry.snapshot = { seq, location, length };
  }

  /** The patch that leads to this seq stands elsewhere now, unless another one has taken its place. */
  movePatch(entry: DocumentEntry, seq: number, { location, from }: MovedReference): void {
    const patch = entry.patches.find(seq);
    if (patch?.location !== from) return;
    this.segments.moves(from, location, recordBytes(patch.length));
    entry.patches.move(seq, location);
  }

  /** The record of this deletion, which stood there, is not kept any longer. */
  dropDeletion(entry: DocumentEntry, seq: number, from: number): void {
    if (entry.isDeleted && entry.patches.find(seq)?.location === from) this.#dropUpTo(entry, seq);
  }

  /** A page is in the columns, as a checkpoint had it: its rows are counted and put into the orders but `listed`. */
  adoptPage(page: number): void {
    const { numbers, words } = this.columns.page(page)!;
    for (let slot = 0; slot < PAGE_DOCUMENTS; slot++) {
      const flags = words[WordField.mixed + slot]!;
      if ((flags & Flag.isUsed) === 0) continue;
      this.#count++;
      if ((flags & Flag.hasSnapshot) !== 0) {
        const location = numbers[NumberField.snapshotLocation + slot]!;
        this.segments.needs(location, recordBytes(words[WordField.snapshotLength + slot]!));
      }
      if ((flags & Flag.hasWakeAt) !== 0) this.#due.add(page * PAGE_DOCUMENTS + slot);
    }
  }

  adoptTail(id: number, patches: PatchList): void {
    for (let index = 0; index < patches.count; index++) {
      this.segments.needs(patches.locationAt(index), recordBytes(patches.lengthAt(index)));
    }
    this.columns.addTail(id, patches);
    if (this.columns.exists(id)) return;
    this.#undated.add(id);
    this.#deletionBytes += recordBytes(patches.lengthAt(0));
  }

  /** The deletions of a checkpoint, whose pages and tails were adopted before; those that came or went meanwhile are passed over. */
  adoptDeletions(noted: readonly NotedDeletion[]): void {
    const { columns, deletions } = this;
    const known = noted.filter(
      ({ documentId, seq }) => this.#undated.has(documentId) && columns.seq(documentId) === seq,
    );
    for (const { documentId } of known) this.#undated.delete(documentId);
    // They were about to be let go of when the checkpoint was written.
    for (const documentId of this.#undated) {
      deletions.push({ documentId, seq: columns.seq(documentId), atMs: Number.NEGATIVE_INFINITY });
    }
    for (const deletion of known) deletions.push(deletion);
    this.#undated.clear();
  }

  /** Existing documents of a space, in key order, behind those adopted before. */
  adoptListed(space: string, ids: Uint32Array): void {
    this.#listedOf(space).append(ids);
  }

  /** One that exists and was in no order. */
  adoptUnlisted(id: number): void {
    this.#listedOf(this.columns.space(id)).add(id);
  }

  /** Writes the entries of a page into its rows, and says where their patches are. */
  settlePage(page: number): (id: number) => PatchList {
    const first = page * PAGE_DOCUMENTS;
    for (let id = first; id < first + PAGE_DOCUMENTS; id++) {
      const entry = this.#active.byId(id);
      if (entry !== undefined) this.columns.write(entry);
    }
    return (id) => this.#active.byId(id)?.patches ?? this.#read(id).patches;
  }

  /** Ids of the existing documents of every space, in key order, as of now. */
  listedIds(): { readonly space: string; readonly ids: Uint32Array }[] {
    return [...this.#listed].map(([space, ids]) => ({ space, ids: ids.copy() }));
  }

  markDamaged(id: number, damage: string): void {
    if (this.#damaged.has(id)) return;
    this.#damaged.set(id, damage);
    const entry = this.#active.byId(id);
    if (entry !== undefined) entry.damage = damage;
  }

  damaged(): { readonly id: number; readonly document: DocumentName; readonly damage: string }[] {
    return [...this.#damaged].map(([id, damage]) => ({ id, document: this.columns.name(id), damage }));
  }

  /** Existing documents of a space in key order. */
  *listed(space: string, afterKey: string | undefined): Generator<{ readonly key: string; readonly seq: number }> {
    const listed = this.#listed.get(space);
    if (listed === undefined) return;
    for (const id of listed.from((each) => afterKey === undefined || this.columns.key(each) > afterKey)) {
      yield { key: this.columns.key(id), seq: this.#active.byId(id)?.seq ?? this.columns.seq(id) };
    }
  }

  /** Spaces in which documents exist, in order. */
  spaces(): string[] {
    return [...this.#listed]
      .filter(([, ids]) => ids.size > 0)
      .map(([space]) => space)
      .sort(compareText);
  }

  /** Every document there is, the deleted and the merely opened ones too, by space and key. To be looked at only. */
  *known(after: DocumentName | undefined): Generator<DocumentEntry> {
    const unlisted = (this.#unlisted ??= this.#findUnlisted());
    for (const space of [...new Set([...this.#listed.keys(), ...unlisted.keys()])].sort(compareText)) {
      if (after !== undefined && space < after.space) continue;
      const isPast = (id: number): boolean => space !== after?.space || this.columns.key(id) > after.key;
      const orders = [this.#listed.get(space), unlisted.get(space)];
      const [existing, others] = orders.map((order) => order?.from(isPast) ?? [].values());
      for (const id of merged(existing!, others!, (a, b) => this.columns.compareKeys(a, b))) {
        const entry = this.peek(id);
        if (entry !== undefined) yield entry;
      }
    }
  }

  /** Documents with a timer, earliest first. */
  *due(): Generator<{ readonly document: DocumentName; readonly wakeAt: number }> {
    for (const id of this.#due.from(() => true)) {
      yield { document: this.columns.name(id), wakeAt: this.columns.wakeAt(id) as number };
    }
  }

  #add(id: number, name: DocumentName): void {
    this.columns.add(id, name);
    this.#count++;
    if (this.#unlisted !== undefined) this.#orderOf(this.#unlisted, name.space).add(id);
  }

  /** From rest to work. */
  #wake(id: number): DocumentEntry {
    const entry = this.#read(id);
    this.columns.releaseTail(id);
    return this.#active.add(entry);
  }

  #read(id: number): DocumentEntry {
    const entry = this.columns.read(id);
    if (this.#damaged.size > 0) entry.damage = this.#damaged.get(id);
    return entry;
  }

  #setWakeAt(entry: DocumentEntry, wakeAt: number | undefined): void {
    // The set is ordered by the old time: out first, then change.
    if (entry.wakeAt !== undefined) this.#due.delete(entry.id);
    entry.wakeAt = wakeAt;
    this.columns.setWakeAt(entry.id, wakeAt);
    if (wakeAt !== undefined) this.#due.add(entry.id);
  }

  #setListed(entry: DocumentEntry): void {
    const { space } = entry.name;
    if (entry.exists) this.#listedOf(space).add(entry.id);
    else this.#listed.get(space)?.delete(entry.id);
    if (this.#unlisted === undefined) return;
    if (entry.exists) this.#unlisted.get(space)?.delete(entry.id);
    else this.#orderOf(this.#unlisted, space).add(entry.id);
  }

  #findUnlisted(): Map<string, SortedIds> {
    const found = new Map<string, SortedIds>();
    for (let id = 1; id < this.columns.nextId; id++) {
      const exists = this.#active.byId(id)?.exists ?? (!this.columns.has(id) || this.columns.exists(id));
      if (!exists) this.#orderOf(found, this.columns.space(id)).add(id);
    }
    return found;
  }

  #listedOf(space: string): SortedIds {
    return this.#orderOf(this.#listed, space);
  }

  #orderOf(orders: Map<string, SortedIds>, space: string): SortedIds {
    const known = orders.get(space);
    if (known !== undefined) return known;
    const order = new SortedIds((a, b) => this.columns.compareKeys(a, b));
    orders.set(space, order);
    return order;
  }

  #dropUpTo(entry: DocumentEntry, seq: number): void {
    for (const patch of entry.patches.dropUpTo(seq)) {
      this.segments.drops(patch.location, recordBytes(patch.length));
      if (entry.isDeleted) this.#deletionBytes -= recordBytes(patch.length);
    }
    if (entry.snapshot !== undefined && entry.snapshot.seq <= seq) {
      this.segments.drops(entry.snapshot.location, recordBytes(entry.snapshot.length));
      entry.snapshot = undefined;
    }
  }
}

/** Spaces are ASCII, so the order of code units is the order of bytes. */
function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
