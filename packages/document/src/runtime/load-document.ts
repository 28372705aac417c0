import { ServiceError } from "@tidewire/foundation";
import { refusePromise } from "../author/refuse-promise.ts";
import { describeType } from "../author/scalar-check.ts";
import { adoptTree } from "../log/adopt-tree.ts";
import { restoreLedgers, restorePatch, restoreSnapshot, restoring } from "../log/document-log.ts";
import { decodePatch, decodeSnapshot, type PatchRecord, type SnapshotRecord } from "../log/log-record.ts";
import { patchTree, plainTree, type StoredTree } from "../log/stored-tree.ts";
import type { Unsettled } from "../state/lost-elements.ts";
import { type MissingValue, missingValue } from "../state/missing-value.ts";
import type { RecordNode } from "../state/record-node.ts";
import { smallSeq } from "../state/small-seq.ts";
import type { CompiledDocument } from "./compiled-document.ts";
import { DocumentBody } from "./document-body.ts";
import { MarkerLedger } from "./marker-ledger.ts";
import type { StoredDocument } from "./runtime.ts";

/** What a log holds: a document, or what outlived one. */
export interface LoadedDocument {
  readonly body: DocumentBody | undefined;
  readonly buried: MarkerLedger | undefined;
}

export type LogRecord = SnapshotRecord | PatchRecord;

/**
 * A document from its log, if it exists. One that an older version wrote is migrated: its log stays as
 * it is until the next commit, which writes the whole document in the new form. Throws `handler_failed` when a migration
 * fails, and `internal` when the log cannot be read.
 */
export function loadDocument(compiled: CompiledDocument, stored: StoredDocument): LoadedDocument {
  let body: DocumentBody | undefined;
  try {
    if (stored.isDeleted) return { body, buried: buriedMarkers(compiled, stored.deletion) };
    const records = currentRecords(stored);
    if (records.length === 0) return { body, buried: undefined };
    const { version } = compiled.definition;
    body = records.every((record) => record.v === version) ? restored(compiled, records) : migrated(compiled, records);
  } catch (cause) {
    if (cause instanceof MigrationFailed) {
      throw new ServiceError("handler_failed", "the document's migration failed; it is stored as it was", { cause });
    }
    throw new ServiceError("internal", "the stored document cannot be read", { cause });
  }
  body.state.loggedSeq = smallSeq(stored.seq);
  body.loggedDraws = body.random.draws;
  return { body, buried: undefined };
}

function buriedMarkers(compiled: CompiledDocument, deletion: Uint8Array | undefined): MarkerLedger | undefined {
  if (deletion === undefined) return undefined;
  const { markers } = decodePatch(deletion);
  if (markers === undefined) return undefined;
  const buried = new MarkerLedger(compiled.limits);
  buried.restore(markers);
  return buried;
}

/** A migration threw, is missing, or leaves something out. */
export class MigrationFailed extends Error {
  override readonly name = "MigrationFailed";
}

/** The records that count: from the snapshot, or the last creation, on. Empty if the document was deleted after. */
export function currentRecords(stored: StoredDocument): LogRecord[] {
  let records: LogRecord[] = [];
  let seq = 0;
  if (stored.snapshot !== undefined) {
    const snapshot = decodeSnapshot(stored.snapshot);
    records.push(snapshot);
    seq = snapshot.seq;
  }
  for (const data of stored.patches) {
    const patch = decodePatch(data);
    const isStart = patch.created === true || patch.deleted === true;
    if (patch.from < seq || (patch.from > seq && !isStart)) {
      throw new Error(`a patch from ${patch.from} does not follow ${seq}`);
    }
    if (isStart) records = [];
    else if (records.length === 0) throw new Error("a patch changes a document that does not exist");
    if (patch.deleted !== true) records.push(patch);
    seq = patch.to;
  }
  if (seq !== stored.seq) throw new Error(`the log ends at ${stored.seq}, its records at ${seq}`);
  return records;
}

function restored(compiled: CompiledDocument, records: readonly LogRecord[]): DocumentBody {
  const body = new DocumentBody(compiled);
  for (const record of records) {
    if ("to" in record) restorePatch(body, record);
    else restoreSnapshot(body, record);
  }
  const missing = missingValue(body.state.root);
  if (missing !== undefined) {
    throw new Error(`${missing.path} is required and has no value: new fields take a new version and a migration`);
  }
  return body;
}

function migrated(compiled: CompiledDocument, records: readonly LogRecord[]): DocumentBody {
  const { migrate, version } = compiled.definition;
  const body = new DocumentBody(compiled);
  const tree = Object.create(null) as StoredTree;
  let storedVersion = records[0]!.v;
  for (const record of records) {
    if (record.v < storedVersion) throw new Error("an older version wrote after a newer one");
    storedVersion = record.v;
    if (record.state !== undefined) patchTree(tree, record.state);
    restoreLedgers(body, record);
  }
  if (storedVersion > version) throw new Error(`written by version ${storedVersion}, this host has ${version}`);
  const { state } = body;
  // What the migration changes has no seq of its own, so nobody is brought over it by a delta.
  body.baseSeq = body.effectSeq + 1;
  body.isNew = true;
  body.timers.markUnlogged();
  body.cron.markUnlogged();
  body.connected.markUnlogged();
  body.markers.markUnlogged();
  try {
    restoring(body, body.effectSeq, () => {
      state.losses = adoptTree(state.root, tree);
      for (let step = storedVersion; step < version; step++) migrateStep(migrate[step], step, state.root, tree);
      const missing = missingValue(state.root);
      if (missing !== undefined) throw new Error(forgotten(missing, tree, storedVersion, version - 1));
      const unsettled = state.losses.unsettled();
      if (unsettled !== undefined) throw new Error(lost(unsettled, storedVersion, version - 1));
      state.losses = undefined;
    });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new MigrationFailed(`migration from version ${storedVersion} to ${version} failed: ${reason}`, { cause });
  }
  return body;
}

type Migration = CompiledDocument["definition"]["migrate"][number];

function migrateStep(work: Migration | undefined, step: number, root: RecordNode, tree: StoredTree): void {
  if (work === undefined) throw new Error(`there is no migration from version ${step}`);
  try {
    refusePromise(work(root, plainTree(tree)), "migrations");
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`migrate[${step}] threw: ${reason}`, { cause });
  }
}

/** What was stored is told by its type only: texts of errors are no place for state. */
function forgotten({ field, place, path }: MissingValue, tree: StoredTree, first: number, last: number): string {
  const stored = place.reduce<unknown>((at, key) => (at as StoredTree | undefined)?.[key], tree);
  const why =
    stored === undefined ? "nothing was stored for it" : `what was stored does not fit (${describeType(stored)})`;
  return `${stepsOf(first, last, "leave")} ${path} without a value: it is required (${field.node.kind}), and ${why}. Assign it there, or give its schema a default or make it optional`;
}

function lost({ first: { path, stored }, count }: Unsettled, first: number, last: number): string {
  const others = count === 1 ? "" : `, and ${count - 1} more like it`;
  return `${stepsOf(first, last, "drop")} ${path}${others}: what was stored does not fit (${stored}). Put it there in its new form, or say that it goes with delete or clear`;
}

function stepsOf(first: number, last: number, what: string): string {
  return first === last ? `migrate[${first}] ${what}s` : `migrate[${first}] to migrate[${last}] ${what}`;
}
