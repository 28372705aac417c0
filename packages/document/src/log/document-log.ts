import type { Principal } from "@tidewire/foundation";
import { asciiBytes, JsonWriter, type Label } from "../encode/json-writer.ts";
import type { DocumentBody } from "../runtime/document-body.ts";
import type { CronTimer } from "../state/cron-timers.ts";
import type { DurableTimer } from "../state/durable-timers.ts";
import { smallSeq } from "../state/small-seq.ts";
import { wholeLens } from "../view/lens.ts";
import { StateWalk } from "../view/state-walk.ts";
import {
  type CronRow,
  logFormat,
  type MarkerRow,
  type PatchRecord,
  type PrincipalRow,
  type SnapshotRecord,
  type TimerRow,
} from "./log-record.ts";
import { restoreStamps } from "./restore-stamps.ts";
import { restoreRecord } from "./restore-state.ts";
import { newestPublic, StampTree } from "./stamp-tree.ts";

const labels = {
  to: asciiBytes(',"to":'),
  effectSeq: asciiBytes('"effectSeq":'),
  created: asciiBytes('"created":'),
  presenceReads: asciiBytes('"presenceReads":'),
  random: asciiBytes('"random":'),
  timers: asciiBytes('"timers":'),
  cron: asciiBytes('"cron":'),
  connected: asciiBytes('"connected":'),
  markers: asciiBytes('"markers":'),
  state: asciiBytes('"state":'),
  openState: asciiBytes('"state":{'),
  stampSeq: asciiBytes('"stampSeq":'),
  stamps: asciiBytes('"stamps":'),
};

const nothing = new Uint8Array(0);

/** `markers` outlive the document. */
export function encodeDeletion(
  version: number,
  from: number,
  to: number,
  markers: readonly MarkerRow[] = [],
): Uint8Array {
  const out = new JsonWriter();
  const record: PatchRecord = { f: logFormat, v: version, from, to, deleted: true };
  out.json(markers.length === 0 ? record : { ...record, markers });
  return out.take();
}

/** What the log does not know of a document yet. Counts as told from then on. */
export function encodePatch(body: DocumentBody, from: number, to: number): Uint8Array {
  const { state, random, isNew } = body;
  const { log: out, logWalk: walk, logHead } = body.compiled.writers;
  // Of what viewers are told in the same bytes.
  let begin = -1;
  let end = -1;
  let newest = 0;
  const pieceStart = out.beginRange(logHead, from, labels.to, to);
  if (body.effectSeq !== to) out.numberField(labels.effectSeq, body.effectSeq);
  if (isNew) out.booleanField(labels.created, true);
  if (isNew || random.draws !== body.loggedDraws) {
    out.label(labels.random);
    out.json(random.state);
  }
  writeLedgers(out, body, isNew);
  body.loggedDraws = random.draws;
  body.isNew = false;
  if (isNew) {
    out.label(labels.state);
    walk.fullRecord(state.root, false);
  } else if (state.root.$stamp > from) {
    const start = out.position;
    out.label(labels.openState);
    const inside = out.position;
    const { logged, logOnly } = body.schema.rootParts;
    walk.newest = 0;
    for (let index = 0; index < logged.length; index++) walk.deltaField(state.root, logged[index]!, from);
    end = out.position - pieceStart;
    begin = inside - pieceStart;
    newest = walk.newest;
    for (let index = 0; index < logOnly.length; index++) walk.deltaField(state.root, logOnly[index]!, from);
    out.closeUnlessEmpty(start, inside);
  }
  if (isNew) writeAllStamps(out, body);
  else writeNewStamps(out, body, from);
  out.closeObject();
  const data = out.take();
  // Without viewers nobody asks for it, and it would keep the memory of all patches around it alive.
  body.loggedPart =
    begin < 0 || body.hub.viewerCount === 0 ? undefined : { from, to: state.root.$stamp, data, begin, end, newest };
  return data;
}

/** Where there is no log to be told. */
export function forgetChanges(body: DocumentBody): Uint8Array {
  const { timers, cron, connected, markers, random, presenceReads } = body;
  presenceReads.takeChanges(false);
  timers.takeChanges();
  cron.takeChanges();
  connected.takeChanges();
  markers.takeChanges();
  body.loggedDraws = random.draws;
  body.isNew = false;
  return nothing;
}

/** Of a whole state. Nobody's seq is older than what everybody sees, so what is older than that needs no stamp of its own. */
function writeAllStamps(out: JsonWriter, { state, effectSeq }: DocumentBody): void {
  const stampSeq = newestPublic(state.root);
  if (stampSeq === effectSeq) return;
  out.numberField(labels.stampSeq, stampSeq);
  new StampTree(out, { after: stampSeq, usual: stampSeq, hasRemoved: true }).record(labels.stamps, state.root);
}

/** Of changes. Where all of them happened at once, or everybody sees them, there is nothing to tell. */
function writeNewStamps(out: JsonWriter, { state, effectSeq }: DocumentBody, from: number): void {
  const { root, movedSeq, changedGoneSeq } = state;
  if (!root.$type.hasSecrets || (effectSeq <= from + 1 && movedSeq <= from && changedGoneSeq <= from)) return;
  new StampTree(out, { after: from, usual: effectSeq, hasRemoved: false }).record(labels.stamps, root);
}

/** What every patch of a document type begins with. */
export function patchHead(version: number): Label {
  return asciiBytes(`{"f":${logFormat},"v":${version},"from":`);
}

/** Timers, connections, markers and so on, where there is something new. */
function writeLedgers(
  out: JsonWriter,
  { timers, cron, connected, markers, presenceReads }: DocumentBody,
  isNew: boolean,
): void {
  const names = presenceReads.takeChanges(isNew);
  if (names !== undefined) {
    out.label(labels.presenceReads);
    out.json(names);
  }
  const changedTimers = timers.takeChanges();
  if (changedTimers !== undefined) {
    const { set, gone } = changedTimers;
    out.label(labels.timers);
    out.json({ set: set.map(timerRow), gone, next: timers.nextId } satisfies PatchRecord["timers"]);
  }
  const changedCron = cron.takeChanges();
  if (changedCron !== undefined) {
    out.label(labels.cron);
    out.json({ set: changedCron.set.map(cronRow), gone: changedCron.gone } satisfies PatchRecord["cron"]);
  }
  const changedConnected = connected.takeChanges();
  if (changedConnected !== undefined) {
    const { came, went } = changedConnected;
    out.label(labels.connected);
    out.json({ came: came.map(principalRow), went: went.map(principalRow) } satisfies PatchRecord["connected"]);
  }
  const newMarkers = markers.takeChanges();
  if (newMarkers === undefined) return;
  out.label(labels.markers);
  out.json(newMarkers);
}

export function encodeSnapshot(body: DocumentBody, seq: number): Uint8Array {
  const { state, timers, cron, connected, markers, random, effectSeq, presenceReads } = body;
  const { names } = presenceReads;
  const out = new JsonWriter();
  out.openObject();
  out.jsonFields({
    f: logFormat,
    v: body.compiled.definition.version,
    seq,
    effectSeq,
    random: random.state,
    timers: timers.all.map(timerRow),
    nextTimer: timers.nextId,
    ...(cron.all.length === 0 ? {} : { cron: cron.all.map(cronRow) }),
    markers: markers.rows,
    connected: connected.all.map(principalRow),
    ...(names.length === 0 ? {} : { presenceReads: names }),
  } satisfies Omit<SnapshotRecord, "state">);
  out.label(labels.state);
  new StateWalk(out, wholeLens).fullRecord(state.root, false);
  writeAllStamps(out, body);
  out.closeObject();
  return out.take();
}

/** State and all, as a snapshot of this version says it. */
export function restoreSnapshot(body: DocumentBody, snapshot: SnapshotRecord): void {
  const stampSeq = snapshot.stampSeq ?? Math.max(1, snapshot.effectSeq);
  restoreState(body, snapshot.state, stampSeq);
  if (snapshot.stamps !== undefined) restoreStamps(body.state.root, snapshot.stamps, stampSeq);
  restoreLedgers(body, snapshot);
  body.baseSeq = body.effectSeq;
}

/** Not for deletions. */
export function restorePatch(body: DocumentBody, patch: PatchRecord): void {
  const { state, stamps, stampSeq } = patch;
  if (state !== undefined) restoreState(body, state, stampSeq ?? patch.effectSeq ?? patch.to);
  if (stamps !== undefined) restoreStamps(body.state.root, stamps, stampSeq ?? patch.from);
  restoreLedgers(body, patch);
  // What was removed when the document began anew is not known here: who saw it before gets a snapshot.
  if (patch.created === true) body.baseSeq = body.effectSeq;
}

function restoreState(body: DocumentBody, state: Readonly<Record<string, unknown>>, seq: number): void {
  restoring(body, seq, () => restoreRecord(body.state.root, state));
}

/** Runs `fill` as a transaction that nothing is refused to. */
export function restoring(body: DocumentBody, storedSeq: number, fill: () => void): void {
  const { state } = body;
  const seq = smallSeq(storedSeq);
  state.isRestoring = true;
  state.begin(seq);
  fill();
  state.root.$commitNew(seq);
  state.commit();
  state.isRestoring = false;
}

/** Everything beside the state. */
export function restoreLedgers(body: DocumentBody, record: SnapshotRecord | PatchRecord): void {
  const { timers, cron, connected, markers, random } = body;
  if (record.random !== undefined) random.state = record.random;
  if ("nextTimer" in record) {
    timers.restore(
      record.timers.map((row) => timerOf(body, row)),
      record.nextTimer,
    );
    cron.restore((record.cron ?? []).map(cronTimerOf), []);
    connected.restore(
      record.connected.map((row) => principalOf(body, row)),
      [],
    );
  } else restoreChanges(body, record);
  if (record.presenceReads !== undefined) body.presenceReads.restore(record.presenceReads);
  if (record.markers !== undefined) markers.restore(record.markers);
  body.effectSeq = record.effectSeq ?? ("to" in record ? record.to : 0);
  body.isNew = false;
}

function restoreChanges(body: DocumentBody, patch: PatchRecord): void {
  if (patch.timers !== undefined) {
    body.timers.restore(
      patch.timers.set.map((row) => timerOf(body, row)),
      patch.timers.next,
    );
    body.timers.forget(patch.timers.gone);
  }
  if (patch.cron !== undefined) body.cron.restore(patch.cron.set.map(cronTimerOf), patch.cron.gone);
  if (patch.connected !== undefined) {
    body.connected.restore(
      patch.connected.came.map((row) => principalOf(body, row)),
      patch.connected.went.map((row) => principalOf(body, row)),
    );
  }
}

function timerRow({ id, dueAt, name, principal, arg }: DurableTimer): TimerRow {
  const row = [id, dueAt, name, principal.agent, principal.authority] as const;
  return arg === undefined ? row : [...row, arg];
}

function timerOf(body: DocumentBody, [id, dueAt, name, agent, authority, arg]: TimerRow): DurableTimer {
  return { id, dueAt, name, principal: body.state.intern({ agent, authority }), arg };
}

function cronRow({ name, dueAt, schedule, timeZone }: CronTimer): CronRow {
  return [name, dueAt, schedule, timeZone];
}

function cronTimerOf([name, dueAt, schedule, timeZone]: CronRow): CronTimer {
  return { name, dueAt, schedule, timeZone };
}

function principalRow({ agent, authority }: Principal): PrincipalRow {
  return [agent, authority];
}

function principalOf(body: DocumentBody, [agent, authority]: PrincipalRow): Principal {
  return body.state.intern({ agent, authority });
}
