import { type Clock, type DocumentName, documentPath, type Logger, ServiceError } from "@tidewire/foundation";
import {
  fencedError,
  type LogAppend,
  type LogInstall,
  type LogRead,
  missingError,
  type OpenedLog,
} from "@tidewire/log-engine";
import type { DocumentState } from "./document-fold.ts";
import type { DueTimers } from "./due-timers.ts";
import type { Fences } from "./fences.ts";
import type { DocumentPlaces, Layout } from "./layout.ts";
import { type LoadedDocument, type Loader, stateOf } from "./loader.ts";
import type { JetStreamLogMetrics } from "./metrics.ts";
import { unavailable } from "./nats-faults.ts";
import type { Payloads, PreparedPayload } from "./payloads.ts";
import type { Publisher } from "./publisher.ts";
import { DamagedRecord, type RecordHead, recordHeaders, type StoredRecord } from "./record.ts";
import type { Snapshots } from "./snapshots.ts";
import type { StateCache } from "./state-cache.ts";
import type { Trimmer } from "./trimmer.ts";

export interface DocumentWritesModules {
  readonly layout: Layout;
  readonly loader: Loader;
  readonly publisher: Publisher;
  readonly payloads: Payloads;
  readonly snapshots: Snapshots;
  readonly trimmer: Trimmer;
  readonly due: DueTimers;
  readonly fences: Fences;
  readonly states: StateCache;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: JetStreamLogMetrics;
}

/** Every conflict means that somebody else has written; a document that is never left alone that long is in trouble. */
const CONFLICTS_MAX = 64;
/** Take-overs and releases on a subject that are worth removing one by one. */
const OBSOLETE_MAX = 32;

const nowhere = { seq: 0, expectedSeq: 0, lineage: 0, baseSeq: 0, restsOnSnapshot: false, isDeleted: false };

const nothing: PreparedPayload = {
  payload: { chunks: [], size: 0, crc: 0 },
  body: new Uint8Array(0),
};

/** The records of documents: each says what the newest one before it is, and the stream refuses it if that is wrong. */
export class DocumentWrites {
  readonly #modules: DocumentWritesModules;

  constructor(modules: DocumentWritesModules) {
    this.#modules = modules;
  }

  async open(document: DocumentName, owner: string, ifExists: boolean): Promise<OpenedLog> {
    const { layout, loader, fences, metrics, states } = this.#modules;
    const places = layout.places(document);
    for (let attempt = 0; attempt < CONFLICTS_MAX; attempt++) {
      const loaded = await loader.load(places);
      const knownEpoch = states.get(documentPath(document))?.epoch ?? 0;
      this.#compare(document, loaded.state);
      if (ifExists && !exists(loaded)) throw missingError(loaded.state ?? nowhere);
      // The bytes first: an epoch that is taken and cannot be served would only stop who serves it now.
      const history = await this.#bytesOf(places, loaded);
      const head = takeOver(loaded, owner, knownEpoch);
      const state = await this.#write(document, places, head, nothing, loaded.lastStreamSeq);
      if (state === undefined) continue;
      this.#report(document, loaded);
      for (const former of formerOwners(loaded.state, owner)) fences.tell(former, document, head.epoch);
      if (loaded.voids.length > 0) metrics.voidRecords.add(loaded.voids.length);
      if (loaded.voids.length === 0 && loaded.obsolete.length >= OBSOLETE_MAX) {
        this.#modules.trimmer.erase(places.documentStream, loaded.obsolete);
      }
      return { epoch: head.epoch, seq: head.seq, isDeleted: head.isDeleted, ...history };
    }
    throw unavailable("timeout");
  }

  async append(document: DocumentName, append: LogAppend): Promise<void> {
    const { layout, payloads, metrics, states, due } = this.#modules;
    const places = layout.places(document);
    let state = states.get(documentPath(document));
    let isFresh = false;
    let prepared: PreparedPayload | undefined;
    for (let attempt = 0; attempt < CONFLICTS_MAX; attempt++) {
      if (state === undefined) {
        state = await this.#head(document, places);
        isFresh = true;
        if (state === undefined) throw this.#fenced(0, 0);
      }
      if (state.epoch !== append.epoch || state.seq !== append.expectedSeq) {
        // What this process remembers may be old; only the stream can refuse.
        if (isFresh) return this.#repeated(places, state, append);
        state = undefined;
        continue;
      }
      const head = headOf(state, append);
      if (head.wakeAt !== undefined) await due.announce(document, places.dueSubject, head.wakeAt, state.wakeAt);
      prepared ??= await payloads.prepare(append.data, () => places.partSubject);
      const written = await this.#write(document, places, head, prepared, state.streamSeq);
      if (written !== undefined) {
        metrics.appends.add(1);
        metrics.appendedBytes.add(append.data.length);
        if (head.isDeleted) this.#dropHistory(places, firstMessageOf(written, prepared));
        return;
      }
      state = undefined;
    }
    throw unavailable("timeout");
  }

  async release(document: DocumentName, epoch: number): Promise<void> {
    const { layout, states } = this.#modules;
    const places = layout.places(document);
    let state = states.get(documentPath(document));
    for (let attempt = 0; attempt < CONFLICTS_MAX; attempt++) {
      if (state?.epoch !== epoch) state = await this.#head(document, places);
      if (state?.epoch !== epoch || state.owner === undefined) return;
      const { owner: _, takenFrom: __, ...rest } = state;
      const head: RecordHead = { ...rest, kind: "release", expectedSeq: state.seq };
      if ((await this.#write(document, places, head, nothing, state.streamSeq)) !== undefined) return;
      state = undefined;
    }
    throw unavailable("timeout");
  }

  async install(document: DocumentName, part: LogInstall): Promise<void> {
    const { layout, loader, payloads, snapshots, due } = this.#modules;
    const places = layout.places(document);
    const [found, kept] = await Promise.all([loader.head(places), snapshots.newest(places)]);
    const { epoch, afterSeq, patches, wakeAt } = part;
    const isContinuation = part.replaces || afterSeq === (found?.seq ?? 0);
    if (epoch < (found?.epoch ?? 0) || (patches.at(-1)?.seq ?? afterSeq) < (found?.seq ?? 0) || !isContinuation) {
      throw this.#fenced(found?.epoch ?? 0, found?.seq ?? 0);
    }
    const earliest = wakeAt ?? found?.wakeAt;
    if (earliest !== undefined) await due.announce(document, places.dueSubject, earliest, undefined);
    const write = async (head: RecordHead, prepared: PreparedPayload, expected: number): Promise<DocumentState> => {
      const written = await this.#write(document, places, head, prepared, expected);
      if (written !== undefined) return written;
      const newest = await loader.head(places);
      throw this.#fenced(newest?.epoch ?? 0, newest?.seq ?? 0);
    };
    const first =
      part.deletion === undefined ? nothing : await payloads.prepare(part.deletion.data, () => places.partSubject);
    let state = await write(installed(part, found, kept.newest?.lineage ?? -1), first, found?.streamSeq ?? 0);
    if (part.replaces) {
      this.#modules.trimmer.purge(places.documentStream, places.recordsAndParts, firstMessageOf(state, first));
    }
    if (part.snapshot !== undefined) {
      const { seq, data } = part.snapshot;
      const head = { epoch, seq, lineage: state.lineage, recordStreamSeq: state.streamSeq };
      if (!(await snapshots.write(places, head, data, kept))) throw unavailable("timeout");
    }
    for (const [index, { seq, data }] of patches.entries()) {
      const wake = index === patches.length - 1 && wakeAt !== undefined ? { wakeAt } : {};
      const { lineage, baseSeq, restsOnSnapshot } = state;
      const common = { epoch, lineage, baseSeq, restsOnSnapshot, isDeleted: false };
      const head: RecordHead = { kind: "append", ...common, seq, expectedSeq: state.seq, ...wake };
      state = await write(head, await payloads.prepare(data, () => places.partSubject), state.streamSeq);
    }
  }

  /** The newest record, as the stream's leader knows it. Notices a log that is shorter than it was. */
  async #head(document: DocumentName, places: DocumentPlaces): Promise<DocumentState | undefined> {
    const state = await this.#modules.loader.head(places);
    this.#compare(document, state);
    if (state !== undefined) this.#modules.states.set(documentPath(document), state);
    return state;
  }

  async #write(
    document: DocumentName,
    places: DocumentPlaces,
    head: RecordHead,
    prepared: PreparedPayload,
    expected: number,
  ): Promise<DocumentState | undefined> {
    const { publisher, states } = this.#modules;
    const headers = recordHeaders(head, prepared.payload);
    const published = await publisher.publish(places.documentSubject, prepared.body, headers, expected);
    if (published.kind === "conflict") return undefined;
    const state = stateOf({ ...head, streamSeq: published.streamSeq });
    states.set(documentPath(document), state);
    return state;
  }

  async #bytesOf(places: DocumentPlaces, loaded: LoadedDocument): Promise<LogRead> {
    const { payloads, snapshots } = this.#modules;
    try {
      if (loaded.state?.isDeleted === true && !loaded.isShorterThanSnapshot) {
        return { patches: [], ...(await buried(places, loaded, payloads)) };
      }
      const patches: { seq: number; data: Uint8Array }[] = [];
      for (const patch of loaded.patches) {
        patches.push({ seq: patch.seq, data: await payloads.read(places.documentStream, patch) });
      }
      const { snapshot } = loaded;
      if (snapshot === undefined || !(loaded.isSnapshotValid || loaded.isShorterThanSnapshot)) return { patches };
      return { snapshot: { seq: snapshot.seq, data: await snapshots.read(places, snapshot) }, patches };
    } catch (error) {
      if (!(error instanceof DamagedRecord)) throw error;
      this.#modules.metrics.damaged.add(1);
      throw new ServiceError("internal", "the log of the document is damaged", {
        details: { reason: "damaged" },
        cause: error,
      });
    }
  }

  /** An append that does not follow the head: one that did commit, or one that lost. */
  async #repeated(places: DocumentPlaces, state: DocumentState, append: LogAppend): Promise<void> {
    if (append.seq > state.seq || append.epoch > state.epoch) throw this.#fenced(state.epoch, state.seq);
    const { committed, state: newest = state } = await this.#modules.loader.load(places);
    const same = committed.find((record) => isRepetition(record, append));
    if (same !== undefined && (await this.#hasSameBytes(places, same, append.data))) return;
    throw this.#fenced(newest.epoch, newest.seq);
  }

  async #hasSameBytes(places: DocumentPlaces, record: StoredRecord, data: Uint8Array): Promise<boolean> {
    if (record.payload.size !== data.length) return false;
    try {
      return Buffer.compare(await this.#modules.payloads.read(places.documentStream, record), data) === 0;
    } catch (error) {
      if (!(error instanceof DamagedRecord)) throw error;
      // A snapshot has replaced it, and its chunks are gone.
      return this.#modules.payloads.checksum(data) === record.payload.crc;
    }
  }

  #dropHistory(places: DocumentPlaces, beforeSeq: number): void {
    const { trimmer, snapshots } = this.#modules;
    trimmer.purge(places.documentStream, places.recordsAndParts, beforeSeq);
    void snapshots.drop(places).catch(() => {
      // Snapshots of a former history count for nothing; only their space is not free yet.
    });
  }

  /** A state that is behind what this process has seen acknowledged: the servers have lost something. */
  #compare(document: DocumentName, found: DocumentState | undefined): void {
    const { states, logger, metrics } = this.#modules;
    const path = documentPath(document);
    const known = states.get(path);
    if (known === undefined || (found !== undefined && found.streamSeq >= known.streamSeq)) return;
    states.forget(path);
    metrics.shortened.add(1);
    logger.error(
      { document: path, knownSeq: known.seq, knownEpoch: known.epoch, seq: found?.seq ?? 0, epoch: found?.epoch ?? 0 },
      "the log of a document came back shorter than it was: acknowledged writes are lost",
    );
  }

  #report(document: DocumentName, loaded: LoadedDocument): void {
    const { logger, metrics } = this.#modules;
    const path = documentPath(document);
    if (loaded.isShorterThanSnapshot) {
      metrics.shortened.add(1);
      logger.error(
        { document: path, seq: loaded.state?.seq ?? 0, snapshotSeq: loaded.snapshot?.seq },
        "the log of a document ends before its snapshot: it goes on from the snapshot",
      );
    }
    if (loaded.voids.length > 0) {
      logger.error(
        { document: path, records: loaded.voids.map(({ epoch, seq, streamSeq }) => ({ epoch, seq, streamSeq })) },
        "the stream has let in records of a writer whose time was over: they do not count",
      );
    }
  }

  #fenced(epoch: number, seq: number): ServiceError {
    this.#modules.metrics.fenced.add(1);
    return fencedError(epoch, seq);
  }
}

/** The bytes of the record that deleted a document, if it is there. */
export async function buried(
  places: DocumentPlaces,
  { deletion }: LoadedDocument,
  payloads: Payloads,
): Promise<Pick<LogRead, "deletion">> {
  if (deletion === undefined) return {};
  return { deletion: { seq: deletion.seq, data: await payloads.read(places.documentStream, deletion) } };
}

/** A record's chunks come before it, and what is before them may go. */
function firstMessageOf({ streamSeq }: DocumentState, { payload }: PreparedPayload): number {
  return Math.min(streamSeq, ...payload.chunks);
}

function exists({ state, isShorterThanSnapshot }: LoadedDocument): boolean {
  return isShorterThanSnapshot || (state !== undefined && state.seq > 0 && !state.isDeleted);
}

/** @param knownEpoch one that this process has seen given, though a log that came back shorter may not say so any more. */
function takeOver(loaded: LoadedDocument, owner: string, knownEpoch: number): RecordHead {
  const { state, snapshot, isShorterThanSnapshot, records } = loaded;
  const epochs = [knownEpoch, state?.epoch ?? 0, snapshot?.epoch ?? 0, ...records.map((record) => record.epoch)];
  const epoch = Math.max(...epochs) + 1;
  const [takenFrom] = formerOwners(state, owner);
  const common = { kind: "epoch" as const, epoch, owner, ...(takenFrom === undefined ? {} : { takenFrom }) };
  const wake = state?.wakeAt === undefined ? {} : { wakeAt: state.wakeAt };
  if (snapshot !== undefined && isShorterThanSnapshot) {
    const { seq, lineage } = snapshot;
    return {
      ...common,
      ...wake,
      seq,
      expectedSeq: seq,
      lineage,
      baseSeq: seq,
      restsOnSnapshot: true,
      isDeleted: false,
    };
  }
  if (state === undefined) return { ...common, ...nowhere };
  const { seq, lineage, baseSeq, restsOnSnapshot, isDeleted } = state;
  return { ...common, ...wake, seq, expectedSeq: seq, lineage, baseSeq, restsOnSnapshot, isDeleted };
}

/**
 * Who is to hear of a take-over: who holds the document; and who held it before, if nothing was written since, because
 * the one who took it then may have died before it could tell.
 */
function formerOwners(state: DocumentState | undefined, owner: string): string[] {
  const former = [state?.owner, state?.kind === "epoch" ? state.takenFrom : undefined];
  return [...new Set(former)].filter((each): each is string => each !== undefined && each !== owner);
}

/** The record an installed part begins with: nobody owns the document, and with `replaces` a history begins. */
function installed(part: LogInstall, found: DocumentState | undefined, snapshotLineage: number): RecordHead {
  const { epoch, afterSeq: seq, wakeAt, patches, isDeleted } = part;
  if (!part.replaces && found !== undefined) {
    const { owner: _, takenFrom: __, streamSeq: ___, ...rest } = found;
    return { ...rest, kind: "install", epoch, expectedSeq: seq };
  }
  const wake = wakeAt === undefined || patches.length > 0 ? {} : { wakeAt };
  const lineage = Math.max(found?.lineage ?? -1, snapshotLineage) + 1;
  const restsOnSnapshot = part.snapshot !== undefined;
  return { kind: "install", epoch, seq, expectedSeq: seq, lineage, baseSeq: seq, restsOnSnapshot, isDeleted, ...wake };
}

function headOf(state: DocumentState, append: LogAppend): RecordHead {
  const { epoch, seq, expectedSeq, wakeAt, deletes } = append;
  const owner = state.owner === undefined ? {} : { owner: state.owner };
  const common = { kind: "append" as const, epoch, seq, expectedSeq, ...owner };
  if (deletes === true) {
    return { ...common, lineage: state.lineage + 1, baseSeq: seq, restsOnSnapshot: false, isDeleted: true };
  }
  const wake = wakeAt === undefined ? {} : { wakeAt };
  const { lineage, baseSeq, restsOnSnapshot } = state;
  return { ...common, ...wake, lineage, baseSeq, restsOnSnapshot, isDeleted: false };
}

function isRepetition(record: StoredRecord, append: LogAppend): boolean {
  const deletes = append.deletes === true;
  return (
    record.kind === "append" &&
    record.epoch === append.epoch &&
    record.seq === append.seq &&
    record.expectedSeq === append.expectedSeq &&
    record.isDeleted === deletes &&
    (deletes || record.wakeAt === append.wakeAt)
  );
}
