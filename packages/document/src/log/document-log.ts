import type { Principal } from "@tidewire/foundation";
import { JsonWriter } from "../encode/json-writer.ts";
import type { DocumentBody } from "../runtime/document-body.ts";
import type { DurableTimer } from "../state/durable-timers.ts";
import { wholeLens } from "../view/lens.ts";
import { StateWalk } from "../view/state-walk.ts";
import { logFormat, type PatchRecord, type PrincipalRow, type SnapshotRecord, type TimerRow } from "./log-record.ts";
import { restoreRecord } from "./restore-state.ts";

const stateLabel = new TextEncoder().encode('"state":');

export function encodeDeletion(version: number, from: number, to: number): Uint8Array {
  const out = new JsonWriter();
  out.json({ f: logFormat, v: version, from, to, deleted: true } satisfies PatchRecord);
  return out.take();
}

/** What the log does not know of a document yet. Counts as told from then on. */
export function encodePatch(body: DocumentBody, from: number, to: number): Uint8Array {
  const { state, timers, connected, markers, random, effectSeq, isNew } = body;
  const changedTimers = timers.takeChanges();
  const changedConnected = connected.takeChanges();
  const newMarkers = markers.takeChanges();
  const head = {
    f: logFormat,
    v: body.compiled.definition.version,
    from,
    to,
    effectSeq,
    ...(isNew ? { created: true as const } : {}),
    ...(random.draws === body.loggedDraws && !isNew ? {} : { random: random.state }),
    ...(changedTimers === undefined
      ? {}
      : { timers: { set: changedTimers.set.map(timerRow), gone: changedTimers.gone, next: timers.nextId } }),
    ...(changedConnected === undefined
      ? {}
      : {
          connected: { came: changedConnected.came.map(principalRow), went: changedConnected.went.map(principalRow) },
        }),
    ...(newMarkers.length === 0 ? {} : { markers: newMarkers }),
  } satisfies PatchRecord;
  body.loggedDraws = random.draws;
  body.isNew = false;
  const out = new JsonWriter();
  out.openObject();
  out.jsonFields(head);
  const walk = new StateWalk(out, wholeLens);
  if (isNew) {
    out.label(stateLabel);
    walk.fullRecord(state.root, false);
  } else if (state.root.$stamp > from) {
    walk.nested(
      () => out.label(stateLabel),
      () => walk.deltaRecord(state.root, from),
    );
  }
  out.closeObject();
  return out.take();
}

export function encodeSnapshot(body: DocumentBody, seq: number): Uint8Array {
  const { state, timers, connected, markers, random, effectSeq } = body;
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
    markers: markers.rows,
    connected: connected.all.map(principalRow),
  } satisfies Omit<SnapshotRecord, "state">);
  out.label(stateLabel);
  new StateWalk(out, wholeLens).fullRecord(state.root, false);
  out.closeObject();
  return out.take();
}

export function restoreSnapshot(body: DocumentBody, snapshot: SnapshotRecord): void {
  const { state, timers, connected, markers, random } = body;
  state.isRestoring = true;
  state.begin(Math.max(1, snapshot.effectSeq));
  restoreRecord(state.root, snapshot.state);
  state.root.$commitNew(state.transactionSeq);
  state.commit();
  state.isRestoring = false;
  random.state = snapshot.random;
  timers.restore(
    snapshot.timers.map((row) => timerOf(body, row)),
    snapshot.nextTimer,
  );
  connected.restore(
    snapshot.connected.map((row) => principalOf(body, row)),
    [],
  );
  markers.restore(snapshot.markers);
  body.effectSeq = snapshot.effectSeq;
  body.baseSeq = snapshot.effectSeq;
  body.isNew = false;
}

/** Not for deletions. */
export function restorePatch(body: DocumentBody, patch: PatchRecord): void {
  const { state, timers, connected, markers, random } = body;
  const effectSeq = patch.effectSeq ?? patch.to;
  if (patch.state !== undefined) {
    state.isRestoring = true;
    state.begin(effectSeq);
    restoreRecord(state.root, patch.state);
    state.root.$commitNew(effectSeq);
    state.commit();
    state.isRestoring = false;
  }
  if (patch.random !== undefined) random.state = patch.random;
  if (patch.timers !== undefined) {
    timers.restore(
      patch.timers.set.map((row) => timerOf(body, row)),
      patch.timers.next,
    );
    timers.forget(patch.timers.gone);
  }
  if (patch.connected !== undefined) {
    const { came, went } = patch.connected;
    connected.restore(
      came.map((row) => principalOf(body, row)),
      went.map((row) => principalOf(body, row)),
    );
  }
  if (patch.markers !== undefined) markers.restore(patch.markers);
  body.effectSeq = effectSeq;
  body.isNew = false;
}

function timerRow({ id, dueAt, name, principal, arg }: DurableTimer): TimerRow {
  const row = [id, dueAt, name, principal.agent, principal.authority] as const;
  return arg === undefined ? row : [...row, arg];
}

function timerOf(body: DocumentBody, [id, dueAt, name, agent, authority, arg]: TimerRow): DurableTimer {
  return { id, dueAt, name, principal: body.state.intern({ agent, authority }), arg };
}

function principalRow({ agent, authority }: Principal): PrincipalRow {
  return [agent, authority];
}

function principalOf(body: DocumentBody, [agent, authority]: PrincipalRow): Principal {
  return body.state.intern({ agent, authority });
}
