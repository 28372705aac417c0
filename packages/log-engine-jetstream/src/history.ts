import { historyError, type LogMoment, type LogReadAt } from "@tidewire/log-engine";
import { type FoldedDocument, fold, MissingRecords, ofPresentLog } from "./document-fold.ts";
import type { DocumentPlaces } from "./layout.ts";
import type { Payloads } from "./payloads.ts";
import { DamagedRecord, parseRecord, type StoredRecord, type StoredSnapshot } from "./record.ts";
import type { Snapshots } from "./snapshots.ts";
import type { SubjectReader } from "./subject-reader.ts";

export interface HistoryModules {
  readonly reader: SubjectReader;
  readonly snapshots: Snapshots;
  readonly payloads: Payloads;
}

interface PastState {
  readonly seq: number;
  readonly isDeleted: boolean;
  readonly snapshot?: StoredSnapshot;
  readonly patches: readonly StoredRecord[];
}

/** The reads race with purges: a gap is one only if it is still there on a further look. */
const ATTEMPTS = 3;

/** What documents were: as far back as the spare snapshot, or the beginning where nothing was purged yet. */
export class History {
  readonly #modules: HistoryModules;

  constructor(modules: HistoryModules) {
    this.#modules = modules;
  }

  async readAt(places: DocumentPlaces, moment: LogMoment): Promise<LogReadAt> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#attempt(places, moment);
      } catch (error) {
        if (!(error instanceof MissingRecords) && !(error instanceof DamagedRecord)) throw error;
        // What is still missing is gone; the document itself does not need it.
        if (attempt === ATTEMPTS) throw historyError();
      }
    }
  }

  async #attempt(places: DocumentPlaces, moment: LogMoment): Promise<LogReadAt> {
    const { reader, snapshots, payloads } = this.#modules;
    const kept = await snapshots.kept(places);
    const last = await reader.last(places.documentStream, places.documentSubject);
    if (last === undefined) return { seq: 0, isDeleted: false, patches: [] };
    const messages = await reader.range(places.documentStream, places.documentSubject, 1, last.seq);
    const past = pastState(fold(messages.map(parseRecord)) as FoldedDocument, kept, moment);
    const patches: { seq: number; data: Uint8Array }[] = [];
    for (const patch of past.patches) {
      patches.push({ seq: patch.seq, data: await payloads.read(places.documentStream, patch) });
    }
    const { seq, isDeleted, snapshot } = past;
    if (snapshot === undefined) return { seq, isDeleted, patches };
    return { seq, isDeleted, snapshot: { seq: snapshot.seq, data: await snapshots.read(places, snapshot) }, patches };
  }
}

function pastState(folded: FoldedDocument, kept: readonly StoredSnapshot[], moment: LogMoment): PastState {
  const counting = ofPresentLog(folded);
  const [first] = counting as readonly [StoredRecord];
  const appends = counting.filter((record) => record.kind === "append");
  const isIn = (record: StoredRecord): boolean =>
    "seq" in moment ? record.seq <= moment.seq : record.writtenAt < moment.beforeMs;
  const target = appends.findLast(isIn);
  if (target?.isDeleted === true) return { seq: target.seq, isDeleted: true, patches: [] };
  const beginSeq = first.expectedSeq;
  if (target === undefined && ("seq" in moment ? moment.seq < beginSeq : beginSeq > 0)) throw historyError();
  const seq = target?.seq ?? beginSeq;
  const lineage = target?.lineage ?? lineageBefore(first);
  const upTo = (baseSeq: number): StoredRecord[] | undefined => {
    const patches = appends.filter((each) => each.lineage === lineage && each.seq > baseSeq && each.seq <= seq);
    return (patches[0]?.expectedSeq ?? seq) === baseSeq ? patches : undefined;
  };
  const snapshot = kept.findLast((each) => each.lineage === lineage && each.seq <= seq);
  if (snapshot !== undefined) {
    const patches = upTo(snapshot.seq);
    if (patches !== undefined) return { seq, isDeleted: false, snapshot, patches };
  }
  if (target === undefined && first.kind !== "append" && first.isDeleted) return { seq, isDeleted: true, patches: [] };
  const { baseSeq, restsOnSnapshot } = target ?? first;
  const patches = restsOnSnapshot ? undefined : upTo(baseSeq);
  if (patches === undefined) throw historyError();
  return { seq, isDeleted: false, patches };
}

/** Of the state that the first record kept follows. */
function lineageBefore(first: StoredRecord): number {
  return first.kind === "append" && first.isDeleted ? first.lineage - 1 : first.lineage;
}
