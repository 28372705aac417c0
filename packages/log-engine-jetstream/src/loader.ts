import { ServiceError } from "@tidewire/foundation";
import { type DocumentState, type FoldedDocument, fold, MissingRecords, ofPresentLog } from "./document-fold.ts";
import type { DocumentPlaces } from "./layout.ts";
import type { JetStreamLogMetrics } from "./metrics.ts";
import { DamagedRecord, parseRecord, type StoredMessage, type StoredRecord, type StoredSnapshot } from "./record.ts";
import type { Snapshots } from "./snapshots.ts";
import type { SubjectReader } from "./subject-reader.ts";

export interface LoaderModules {
  readonly reader: SubjectReader;
  readonly snapshots: Snapshots;
  readonly metrics: JetStreamLogMetrics;
}

export interface LoadedDocument {
  /** Absent if nothing is on the subject. */
  readonly state?: DocumentState;
  /** Of the subject's newest message, which may be one that does not count. */
  readonly lastStreamSeq: number;
  /** Newest that can be read, of whatever history. */
  readonly snapshot?: StoredSnapshot;
  /** The snapshot belongs to the present history and is not ahead of it. */
  readonly isSnapshotValid: boolean;
  /** The snapshot proves that more was committed than the log holds. */
  readonly isShorterThanSnapshot: boolean;
  /** After the snapshot, oldest first; without a valid one, from the beginning of the history. */
  readonly patches: readonly StoredRecord[];
  /** Of a deleted document, where its log has it: the record that says so. */
  readonly deletion?: StoredRecord;
  readonly voids: readonly StoredRecord[];
  readonly obsolete: readonly number[];
  /** Every record that was read, whether it counts or not. */
  readonly records: readonly StoredRecord[];
  /** Those of them that did commit, and were not replaced by an installed history. */
  readonly committed: readonly StoredRecord[];
}

/** The reads race with purges and new snapshots of others; a gap is one only if it is still there on a further look. */
const ATTEMPTS = 4;

/** Reads a document whole: its newest snapshot, and the records from there on. */
export class Loader {
  readonly #modules: LoaderModules;

  constructor(modules: LoaderModules) {
    this.#modules = modules;
  }

  /** Where a document stands by its newest message alone. */
  async head(places: DocumentPlaces): Promise<DocumentState | undefined> {
    return this.#headOf(await this.#modules.reader.last(places.documentStream, places.documentSubject));
  }

  /** The same for documents of one stream, by subject; some may be missing, or all. See `SubjectReader.lasts`. */
  async headsOf(
    stream: string,
    subjects: readonly string[],
    isReplicated: boolean,
  ): Promise<ReadonlyMap<string, DocumentState>> {
    const heads = new Map<string, DocumentState>();
    for (const [subject, last] of (await this.#modules.reader.lasts(stream, subjects, isReplicated)) ?? []) {
      const head = this.#headOf(last);
      if (head !== undefined) heads.set(subject, head);
    }
    return heads;
  }

  #headOf(last: StoredMessage | undefined): DocumentState | undefined {
    try {
      return last === undefined ? undefined : stateOf(parseRecord(last));
    } catch (error) {
      throw this.#refusal(error);
    }
  }

  async load(places: DocumentPlaces): Promise<LoadedDocument> {
    let failure: unknown;
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      try {
        // From the first record at last: the place a snapshot remembers may be another one after a restore.
        return await this.#attempt(places, attempt > ATTEMPTS / 2);
      } catch (error) {
        failure = error;
        if (!(error instanceof MissingRecords) && !(error instanceof DamagedRecord)) throw error;
      }
    }
    throw this.#refusal(failure);
  }

  async #attempt(places: DocumentPlaces, isFromStart: boolean): Promise<LoadedDocument> {
    const { reader, snapshots } = this.#modules;
    const { documentStream: stream, documentSubject: subject } = places;
    const [{ newest: snapshot }, last] = await Promise.all([snapshots.newest(places), reader.last(stream, subject)]);
    const some = snapshot === undefined ? {} : { snapshot };
    if (last === undefined) {
      const nothing = { patches: [], voids: [], obsolete: [], records: [], committed: [] };
      return {
        lastStreamSeq: 0,
        ...some,
        isSnapshotValid: false,
        isShorterThanSnapshot: snapshot !== undefined,
        ...nothing,
      };
    }
    const from = isFromStart ? 1 : Math.min(Math.max(snapshot?.recordStreamSeq ?? 1, 1), last.seq);
    const messages = from === last.seq ? [last] : await reader.range(stream, subject, from, last.seq);
    if (messages.at(-1)?.seq !== last.seq) throw new MissingRecords(`message ${last.seq} of ${stream} cannot be read`);
    const records = messages.map(parseRecord);
    const folded = fold(records) as FoldedDocument;
    const { state, voids, obsolete } = folded;
    const isValid = snapshot !== undefined && snapshot.lineage === state.lineage && snapshot.seq <= state.seq;
    const isShorter = snapshot !== undefined && !isValid && snapshot.lineage >= state.lineage;
    if (state.restsOnSnapshot && !isValid && !isShorter)
      throw new MissingRecords("the snapshot it begins with is missing");
    // What is behind a snapshot that is ahead of the log needs no records.
    const deletion = isShorter ? undefined : deletionOf(folded);
    const patches = isShorter ? [] : reachFrom(folded, isValid ? snapshot.seq : state.baseSeq);
    return {
      state: stateOf(state),
      lastStreamSeq: last.seq,
      ...some,
      isSnapshotValid: isValid,
      isShorterThanSnapshot: isShorter,
      patches,
      ...(deletion === undefined ? {} : { deletion }),
      voids,
      obsolete,
      records,
      committed: ofPresentLog(folded),
    };
  }

  #refusal(error: unknown): unknown {
    if (!(error instanceof DamagedRecord) && !(error instanceof MissingRecords)) return error;
    this.#modules.metrics.damaged.add(1);
    return new ServiceError("internal", "the log of the document is damaged", {
      details: { reason: "damaged" },
      cause: error,
    });
  }
}

/** The patches after `baseSeq`; throws `MissingRecords` unless they begin right there. */
function reachFrom(folded: FoldedDocument, baseSeq: number): StoredRecord[] {
  const patches = folded.patches.filter((patch) => patch.seq > baseSeq);
  const begin = patches[0]?.expectedSeq ?? folded.state.seq;
  if (begin !== baseSeq)
    throw new MissingRecords(`the records begin at seq ${begin}, the state before them is ${baseSeq}`);
  return patches;
}

/** An installed one without bytes is none: the log it came from did not have it any more. */
function deletionOf({ state, counting }: FoldedDocument): StoredRecord | undefined {
  if (!state.isDeleted) return undefined;
  const hasBytes = ({ kind, payload }: StoredRecord): boolean =>
    kind === "append" || (kind === "install" && payload.size > 0);
  return counting.findLast((record) => record.lineage === state.lineage && record.isDeleted && hasBytes(record));
}

/** Without the bytes: states are kept by the thousand. */
export function stateOf(record: DocumentState): DocumentState {
  const { kind, epoch, seq, expectedSeq, lineage, baseSeq, restsOnSnapshot, isDeleted, streamSeq } = record;
  const { wakeAt, owner, takenFrom } = record;
  return {
    kind,
    epoch,
    seq,
    expectedSeq,
    lineage,
    baseSeq,
    restsOnSnapshot,
    isDeleted,
    ...(wakeAt === undefined ? {} : { wakeAt }),
    ...(owner === undefined ? {} : { owner }),
    ...(takenFrom === undefined ? {} : { takenFrom }),
    streamSeq,
  };
}
