import type { DocumentName } from "@tidewire/foundation";
import type { SnapshotReference } from "../format/payloads.ts";
import { RecordType, recordBytes } from "../format/record.ts";
import { type AppendIdentity, DocumentEntry } from "./document-entry.ts";
import type { SegmentTable } from "./segment-table.ts";
import { SortedSet } from "./sorted-set.ts";

/** Where an append stands in the log, and what it says about the document's next timer. */
export interface AppendPlace {
  readonly location: number;
  readonly wakeAt: number | undefined;
}

/**
 * Every document, by name and by id, and the two orders in which they are asked for. The same methods apply a record that
 * has just become durable and one that is read back at start.
 */
export class DocumentIndex {
  readonly segments: SegmentTable;
  readonly #spaces = new Map<string, Map<string, DocumentEntry>>();
  readonly #byId: (DocumentEntry | undefined)[] = [undefined];
  readonly #listed = new Map<string, SortedSet<DocumentEntry>>();
  readonly #due = new SortedSet<DocumentEntry>(
    (a, b) => (a.wakeAt as number) - (b.wakeAt as number) || compareText(a.name.key, b.name.key) || a.id - b.id,
  );
  #count = 0;
  #damagedCount = 0;

  constructor(segments: SegmentTable) {
    this.segments = segments;
  }

  get count(): number {
    return this.#count;
  }

  get damagedCount(): number {
    return this.#damagedCount;
  }

  /** One more than the highest id in use. */
  get nextId(): number {
    return this.#byId.length;
  }

  find(name: DocumentName): DocumentEntry | undefined {
    return this.#spaces.get(name.space)?.get(name.key);
  }

  byId(id: number): DocumentEntry | undefined {
    return this.#byId[id];
  }

  create(name: DocumentName): DocumentEntry {
    return this.restore(this.nextId, name);
  }

  restore(id: number, name: DocumentName): DocumentEntry {
    const entry = new DocumentEntry(id, { space: name.space, key: name.key });
    const space = this.#spaces.get(name.space) ?? new Map<string, DocumentEntry>();
    this.#spaces.set(name.space, space.set(name.key, entry));
    while (this.#byId.length < id) this.#byId.push(undefined);
    this.#byId[id] = entry;
    this.#count++;
    return entry;
  }

  *entries(): Generator<DocumentEntry> {
    for (const entry of this.#byId) if (entry !== undefined) yield entry;
  }

  /** Keeps `append`: it must not change. */
  applyAppend(entry: DocumentEntry, append: AppendIdentity, place: AppendPlace): void {
    const deletes = append.type === RecordType.deletion;
    const existed = entry.exists;
    entry.lastAppend = append;
    entry.seq = append.seq;
    this.#setWakeAt(entry, place.wakeAt);
    if (deletes) {
      this.#dropUpTo(entry, append.seq);
      entry.emptySeq = append.seq;
    } else {
      entry.patches.push(append.seq, place.location, append.length);
      this.segments.needs(place.location, recordBytes(append.length));
    }
    entry.isDeleted = deletes;
    if (entry.exists !== existed) this.#setListed(entry);
  }

  applySnapshot(entry: DocumentEntry, seq: number, reference: SnapshotReference): void {
    this.#dropUpTo(entry, seq);
    entry.snapshot = { seq, ...reference };
    this.segments.needs(reference.location, recordBytes(reference.length));
  }

  /** The snapshot of this seq stands elsewhere now. */
  moveSnapshot(entry: DocumentEntry, seq: number, location: number): void {
    const { snapshot } = entry;
    if (snapshot?.seq !== seq) return;
    this.segments.drops(snapshot.location, recordBytes(snapshot.length));
    this.segments.needs(location, recordBytes(snapshot.length));
    entry.snapshot = { ...snapshot, location };
  }

  /** The patch that leads to this seq stands elsewhere now. */
  movePatch(entry: DocumentEntry, seq: number, location: number): void {
    const patch = entry.patches.find(seq);
    if (patch === undefined) return;
    this.segments.drops(patch.location, recordBytes(patch.length));
    this.segments.needs(location, recordBytes(patch.length));
    entry.patches.move(seq, location);
  }

  /** Puts an entry read from a checkpoint, whose fields are set, into the orders and the accounts. */
  adopt(entry: DocumentEntry): void {
    if (entry.snapshot !== undefined) {
      this.segments.needs(entry.snapshot.location, recordBytes(entry.snapshot.length));
    }
    for (const patch of entry.patches.slice(0)) this.segments.needs(patch.location, recordBytes(patch.length));
    if (entry.wakeAt !== undefined) this.#due.add(entry);
    if (entry.damage !== undefined) this.#damagedCount++;
    this.#setListed(entry);
  }

  markDamaged(entry: DocumentEntry, damage: string): void {
    if (entry.damage !== undefined) return;
    entry.damage = damage;
    this.#damagedCount++;
  }

  damaged(): DocumentEntry[] {
    return this.#damagedCount === 0 ? [] : [...this.entries()].filter((entry) => entry.damage !== undefined);
  }

  /** Existing documents of a space in key order. */
  listed(space: string, afterKey: string | undefined): Iterable<DocumentEntry> {
    const listed = this.#listed.get(space);
    return listed?.from((entry) => afterKey === undefined || entry.name.key > afterKey) ?? [];
  }

  /** Documents with a timer, earliest first. */
  due(): Iterable<DocumentEntry> {
    return this.#due.from(() => true);
  }

  #setWakeAt(entry: DocumentEntry, wakeAt: number | undefined): void {
    if (entry.wakeAt === wakeAt) return;
    // The set is ordered by the old time: out first, then change.
    if (entry.wakeAt !== undefined) this.#due.delete(entry);
    entry.wakeAt = wakeAt;
    if (wakeAt !== undefined) this.#due.add(entry);
  }

  #setListed(entry: DocumentEntry): void {
    const listed = this.#listed.get(entry.name.space);
    if (!entry.exists) listed?.delete(entry);
    else if (listed === undefined) {
      const first = new SortedSet<DocumentEntry>((a, b) => compareText(a.name.key, b.name.key));
      first.add(entry);
      this.#listed.set(entry.name.space, first);
    } else listed.add(entry);
  }

  #dropUpTo(entry: DocumentEntry, seq: number): void {
    for (const patch of entry.patches.dropUpTo(seq)) this.segments.drops(patch.location, recordBytes(patch.length));
    if (entry.snapshot !== undefined && entry.snapshot.seq <= seq) {
      this.segments.drops(entry.snapshot.location, recordBytes(entry.snapshot.length));
      entry.snapshot = undefined;
    }
  }
}

/** Keys are ASCII, so the order of code units is the order of bytes. */
function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
