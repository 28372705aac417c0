import { randomBytes } from "node:crypto";
import type { DocumentPlaces } from "./layout.ts";
import type { Payloads } from "./payloads.ts";
import type { Publisher } from "./publisher.ts";
import { DamagedRecord, parseSnapshot, type SnapshotHead, type StoredSnapshot, snapshotHeaders } from "./record.ts";
import type { SubjectReader } from "./subject-reader.ts";
import type { Trimmer } from "./trimmer.ts";

export interface SnapshotsModules {
  readonly reader: SubjectReader;
  readonly publisher: Publisher;
  readonly payloads: Payloads;
  readonly trimmer: Trimmer;
}

/** What the subject of a document's snapshots holds. */
export interface KeptSnapshots {
  /** The newest one that can be read. */
  readonly newest?: StoredSnapshot;
  /** Of the newest message, also if it cannot be read: what the next write must expect. */
  readonly lastStreamSeq: number;
}

/** Snapshots in streams of their own: a newest and a spare for each document. */
export class Snapshots {
  readonly #modules: SnapshotsModules;

  constructor(modules: SnapshotsModules) {
    this.#modules = modules;
  }

  async newest(places: DocumentPlaces): Promise<KeptSnapshots> {
    const last = await this.#modules.reader.last(places.snapshotStream, places.snapshotSubject);
    if (last === undefined) return { lastStreamSeq: 0 };
    try {
      return { newest: parseSnapshot(last), lastStreamSeq: last.seq };
    } catch (error) {
      if (!(error instanceof DamagedRecord)) throw error;
      const spare = (await this.kept(places)).at(-1);
      return { ...(spare === undefined ? {} : { newest: spare }), lastStreamSeq: last.seq };
    }
  }

  /** All that are kept and can be read, oldest first. */
  async kept(places: DocumentPlaces): Promise<StoredSnapshot[]> {
    const { reader } = this.#modules;
    const last = await reader.last(places.snapshotStream, places.snapshotSubject);
    if (last === undefined) return [];
    const messages = await reader.range(places.snapshotStream, places.snapshotSubject, 1, last.seq);
    return messages.flatMap((message) => {
      try {
        return [parseSnapshot(message)];
      } catch {
        return [];
      }
    });
  }

  read(places: DocumentPlaces, snapshot: StoredSnapshot): Promise<Uint8Array> {
    return this.#modules.payloads.read(places.snapshotStream, snapshot);
  }

  /** Those of a history that has ended. One that comes in later counts for nothing, but is kept until the next. */
  async drop(places: DocumentPlaces): Promise<void> {
    const { reader, trimmer } = this.#modules;
    const last = await reader.last(places.snapshotStream, places.snapshotSubject);
    if (last === undefined) return;
    trimmer.purge(places.snapshotStream, places.snapshotSubject, last.seq + 1);
    if (last.headers.get("Snap-Chunks") === "") return;
    trimmer.purge(places.snapshotStream, `${places.snapshotPartSubject}.>`, last.seq);
  }

  /**
   * Resolves to false if another snapshot was written meanwhile. Patches before the spare are purged: with the newest one
   * damaged, the spare and the patches after it still are the document.
   */
  async write(places: DocumentPlaces, head: SnapshotHead, data: Uint8Array, before: KeptSnapshots): Promise<boolean> {
    const { publisher, payloads, trimmer } = this.#modules;
    const id = randomBytes(9).toString("base64url");
    const prepared = await payloads.prepare(data, (index) => `${places.snapshotPartSubject}.${id}.${index}`);
    const headers = snapshotHeaders(head, prepared.payload);
    const published = await publisher.publish(places.snapshotSubject, prepared.body, headers, before.lastStreamSeq);
    if (published.kind === "conflict") return false;
    const spare = before.newest;
    if (spare === undefined) return true;
    if (spare.lineage === head.lineage) {
      // Chunks of the records after the spare came after the record the spare ends at.
      trimmer.purge(places.documentStream, places.recordsAndParts, spare.recordStreamSeq);
    }
    const isChunked = spare.payload.chunks.length > 0 || prepared.payload.chunks.length > 0;
    const firstPart = Math.min(...spare.payload.chunks, ...prepared.payload.chunks);
    if (isChunked) trimmer.purge(places.snapshotStream, `${places.snapshotPartSubject}.>`, firstPart);
    return true;
  }
}
