import { segmentOf } from "../format/location.ts";
import type { RecordPlaces } from "../format/record-places.ts";
import type { SegmentKind } from "../format/segment-header.ts";

/** One file of records. */
export interface Segment {
  readonly id: number;
  readonly kind: SegmentKind;
  /** Bytes of the file that count. */
  sizeBytes: number;
  /** Bytes of records that documents still need, and how many of them. */
  liveBytes: number;
  liveRecords: number;
  /** Someone writes it, reads it, or has just put something there: it must not be removed. */
  holds: number;
  /** Its file stays even when no document needs it any more, until it is let go of. */
  isRetained: boolean;
  /** A write to it failed: a thread that was given up may still be at work on it, so nothing new ever stands in its file. */
  isSpoilt: boolean;
  /** Time of the log at which a record in it was needed for the last time; absent: all are needed, or none ever was. */
  diedAt: number | undefined;
}

/** Which files there are, and how much of each is still needed. */
export class SegmentTable {
  readonly #segments = new Map<number, Segment>();
  /** Found last: records that are read back in order ask for the same one a hundred thousand times. */
  #found: Segment | undefined;
  #retainsNew = false;
  #notedMs: number | undefined;
  #nowMs = (): number | undefined => this.#notedMs;

  add(id: number, kind: SegmentKind, sizeBytes: number): Segment {
    const segment: Segment = {
      id,
      kind,
      sizeBytes,
      liveBytes: 0,
      liveRecords: 0,
      holds: 0,
      isRetained: this.#retainsNew,
      isSpoilt: false,
      diedAt: undefined,
    };
    this.#segments.set(id, segment);
    this.#found = undefined;
    return segment;
  }

  get(id: number): Segment | undefined {
    return this.#segments.get(id);
  }

  all(kind: SegmentKind): Segment[] {
    return [...this.#segments.values()].filter((segment) => segment.kind === kind).sort((a, b) => a.id - b.id);
  }

  remove(id: number): void {
    this.#segments.delete(id);
    this.#found = undefined;
  }

  get highestId(): number {
    return Math.max(0, ...this.#segments.keys());
  }

  needs(location: number, bytes: number): void {
    const segment = this.#at(location);
    // Absent if the file is missing: reading the record reports it.
    if (segment === undefined) return;
    segment.liveBytes += bytes;
    segment.liveRecords++;
  }

  /** The record is history now. */
  drops(location: number, bytes: number): void {
    const segment = this.#drop(location, bytes);
    if (segment !== undefined) segment.diedAt = this.nowMs;
  }

  /** Retains every segment there is, and every one that comes. */
  retainAll(): void {
    this.#retainsNew = true;
    for (const segment of this.#segments.values()) segment.isRetained = true;
  }

  letGo(ids: Iterable<number>): void {
    for (const id of ids) {
      const segment = this.#segments.get(id);
      if (segment !== undefined) segment.isRetained = false;
    }
  }

  letGoOfAll(): void {
    this.#retainsNew = false;
    this.letGo(this.#segments.keys());
  }

  /** The record stands elsewhere now. */
  moves(from: number, to: number, bytes: number): void {
    this.#drop(from, bytes);
    this.needs(to, bytes);
  }

  /** The time of the log; absent while nothing that was read back has said it. */
  get nowMs(): number | undefined {
    return this.#nowMs();
  }

  /** While a log is read back: what follows happened at this time, or at a later one that was noted before. */
  noted(wallMs: number): void {
    this.#notedMs = Math.max(wallMs, this.#notedMs ?? wallMs);
  }

  /** From now on deaths are noted by this clock. */
  timeBy(nowMs: () => number): void {
    this.#nowMs = nowMs;
  }

  /** When records of segments were needed for the last time, as a checkpoint says. */
  adoptDeath(id: number, atMs: number): void {
    const segment = this.#segments.get(id);
    if (segment !== undefined) segment.diedAt = atMs;
  }

  deaths(): { readonly id: number; readonly atMs: number }[] {
    return [...this.#segments.values()].flatMap(({ id, diedAt }) =>
      diedAt === undefined ? [] : [{ id, atMs: diedAt }],
    );
  }

  /** As of now: which files there are and how far they count. */
  everything(): { readonly id: number; readonly kind: SegmentKind; readonly sizeBytes: number }[] {
    return [...this.#segments.values()].map(({ id, kind, sizeBytes }) => ({ id, kind, sizeBytes }));
  }

  /** Keeps all files until the returned function is called. */
  holdAll(): () => void {
    return release([...this.#segments.values()]);
  }

  /** Keeps the files of these records until the returned function is called. */
  hold(...held: readonly RecordPlaces[]): () => void {
    const segments = new Set<Segment>();
    let last: Segment | undefined;
    for (const places of held) {
      for (let index = 0; index < places.count; index++) {
        const segment = this.#at(places.locationAt(index));
        if (segment === undefined || segment === last) continue;
        segments.add(segment);
        last = segment;
      }
    }
    return release([...segments]);
  }

  #at(location: number): Segment | undefined {
    const id = segmentOf(location);
    if (this.#found?.id === id) return this.#found;
    this.#found = this.#segments.get(id);
    return this.#found;
  }

  #drop(location: number, bytes: number): Segment | undefined {
    const segment = this.#at(location);
    if (segment === undefined) return undefined;
    segment.liveBytes -= bytes;
    segment.liveRecords--;
    return segment;
  }
}

function release(held: Segment[]): () => void {
  for (const segment of held) segment.holds++;
  return () => {
    for (const segment of held.splice(0)) segment.holds--;
  };
}
