import { hashBytes } from "@tidewire/delta";
import { ClassGroups } from "./class-groups.ts";
import type { ClassKey } from "./class-keys.ts";
import type { Cohort } from "./cohort.ts";
import type { ViewedDocument, ViewerInputs } from "./document-views.ts";
import type { DormantState } from "./dormant-viewers.ts";
import { beginDelta, type FrameBody } from "./frame.ts";
import { BeyondLength, type WalkForm } from "./full-walk.ts";
import { GroupLens } from "./group-lens.ts";
import { leastSnapshotBytes } from "./least-bytes.ts";
import { writeAlike } from "./logged-part.ts";
import { ResultWalk } from "./result-walk.ts";
import { listSentHashes, type SentHash, withSentHash } from "./sent-hashes.ts";
import type { SharedPart, SharedStep } from "./shared-step.ts";
import { BeyondHorizon, StateWalk } from "./state-walk.ts";
import { ViewCells } from "./view-cells.ts";
import { isRows } from "./view-result.ts";
import type { ViewSlot } from "./view-slot.ts";
import { ViewerGroup } from "./viewer-group.ts";
import type { ViewerHandle } from "./viewer-handle.ts";

/** The whole view as plain canonical JSON. */
export interface PlainView {
  readonly json: Uint8Array;
  readonly hash: string;
}

interface Cached<Value> {
  readonly seq: number;
  readonly tick: number;
  readonly value: Value;
}

/** A delta above this is compared with the size of the snapshot, and the smaller one is sent. */
export const largeDeltaBytes = 4_096;

/**
 * Viewers for whom every policy and view gives the same answers. Everything is computed once per class: policies, views,
 * frames, hashes.
 */
export class ViewClass extends ClassGroups {
  /** If there are views and computed values. */
  readonly #cells: ViewCells | undefined;
  #sent: SentHash | undefined;
  #plain: Cached<PlainView> | undefined;
  #snapshot: Cached<FrameBody> | undefined;

  constructor(document: ViewedDocument, key: ClassKey, inputs: ViewerInputs) {
    super(document, key, inputs);
    this.#cells = document.schema.slots.length === 0 ? undefined : new ViewCells(document, inputs, this);
  }

  /** @param floorSeq what it was told before: its stream must not go back */
  startWaiting(viewer: ViewerHandle, floorSeq: number): void {
    if (this.waiting === undefined) {
      this.waiting = new ViewerGroup(0, -1, 0);
      this.waiting.viewClass = this;
    }
    this.waiting.viewSeq = Math.max(this.waiting.viewSeq, floorSeq);
    this.waiting.add(viewer);
  }

  /** Takes over what was sent by a class that is several from now on. */
  inherit(other: ViewClass): void {
    // Oldest first.
    for (const { seq, hash } of listSentHashes(other.#sent).reverse()) this.#sent = withSentHash(this.#sent, seq, hash);
  }

  /** The group that holds the state of now; made if need be, so that the class knows its seq. */
  current(): ViewerGroup {
    const found = this.groupOfNow();
    if (found !== undefined) return found;
    let newest: ViewerGroup | undefined;
    for (const group of this.groups) if (newest === undefined || group.seq >= newest.seq) newest = group;
    const made = newest?.fork() ?? new ViewerGroup(0, -1, 0);
    this.bring(made);
    // Otherwise the class is about to split, and what was computed may be another viewer's.
    if (!this.document.mustSplit) this.add(made);
    return made;
  }

  /** Groups without members are kept only while there is none newer. */
  add(group: ViewerGroup): void {
    group.viewClass = this;
    const newestSeq = Math.max(this.newestSeq, group.seq);
    const kept = this.groups.filter(({ size, seq }) => size > 0 || (seq >= newestSeq && seq !== group.seq));
    this.link([...kept, group]);
  }

  /**
   * A group at the state of an earlier frame, if there is one or one can be thought up. The hash has to say so: with another
   * view state, or when others were present, a viewer held something else at the same seq.
   */
  baseFor(current: ViewerGroup, seq: number, hash: string): ViewerGroup | undefined {
    const { baseSeq, schema } = this.document;
    const known = this.groups.find(
      (group) => group !== current && group.viewSeq === seq && group.stateHash === hash && !group.mustAskAll,
    );
    if (known !== undefined) return known;
    // Without policies there is nothing a viewer may hold or not: a seq says it all, but for views, which are sent anew.
    if (schema.guards.length > 0 || seq < baseSeq || seq > current.viewSeq) return undefined;
    const base = new ViewerGroup(seq, -1, seq);
    this.add(base);
    return base;
  }

  /** Before `group` adopts another state: members without credit keep the one they hold. */
  leaveBehind(group: ViewerGroup): void {
    if (group.restingCount > 0) this.add(group.leaveBehind());
  }

  /** Which of the changed guarded things this group is told of, see `QuietScan.heldBy`; -1: it has to be walked for. */
  heldOf(group: ViewerGroup, { scan }: SharedStep): number {
    if (group.tick !== this.document.tick || group.mustAskAll || !scan.tellsViewersApart) return -1;
    if (this.isAnyDirtySince(group.seq)) return -1;
    for (const slot of this.document.schema.slots) {
      if (this.#cells!.hasChangedSince(slot, group.seq, group.tick)) return -1;
    }
    return scan.heldBy(group, this);
  }

  /**
   * Brings a group to the state of now. Returns what its members have to be told, if anything. `shared` is a step from the
   * same seq, for a class that is not the only one.
   */
  bring(group: ViewerGroup, shared?: SharedStep): FrameBody | undefined {
    const { state, tick } = this.document;
    const { stateHash } = group;
    group.stateHash = undefined;
    const body = this.bodyFor(group, shared);
    group.seq = state.root.$stamp;
    group.tick = tick;
    group.mustAskAll = false;
    if (body === undefined) group.stateHash = stateHash;
    return body;
  }

  private bodyFor(group: ViewerGroup, shared: SharedStep | undefined): FrameBody | undefined {
    try {
      const delta = group.seq === 0 ? "beyond" : this.delta(group, shared);
      if (delta === "beyond") return this.full(group);
      const { out } = this.document.step.walk;
      return delta !== undefined && out.length > largeDeltaBytes ? this.smaller(group, delta) : delta;
    } catch (thrown) {
      // A walk that is broken off has not asked every policy whose reads were forgotten for it: nobody of the class may
      // rely on them.
      for (const other of this.groups) other.mustAskAll = true;
      group.mustAskAll = true;
      throw thrown;
    }
  }

  /** The snapshot of now. `group` holds that state. */
  snapshot(group: ViewerGroup): FrameBody {
    const { tick } = this.document;
    if (this.#snapshot?.seq !== group.seq || this.#snapshot.tick !== tick) {
      this.#snapshot = { seq: group.seq, tick, value: { kind: "snapshot", json: this.write(group, "keyed").json } };
    }
    return this.#snapshot.value;
  }

  /** The view of now, and its hash. `group` holds that state. */
  plain(group: ViewerGroup): PlainView {
    const { tick } = this.document;
    if (this.#plain?.seq !== group.seq || this.#plain.tick !== tick) {
      const { json } = this.write(group, "plain");
      this.#plain = { seq: group.seq, tick, value: { json, hash: hashBytes(json) } };
    }
    return this.#plain.value;
  }

  /** Bytes of whole views are kept only where several may ask for them. */
  forgetBytes(): void {
    let members = 0;
    for (let group = this.first; group !== undefined; group = group.next) members += group.size;
    if (members > 1) return;
    this.#snapshot = undefined;
    this.#plain = undefined;
  }

  sentHash(group: ViewerGroup, seq: number, hash: string): void {
    group.stateHash = hash;
    this.#sent = withSentHash(this.#sent, seq, hash);
  }

  /** What is known of states of this seq that were sent: several, when presence moved. */
  hashesAt(seq: number): string[] {
    return listSentHashes(this.#sent)
      .filter((sent) => sent.seq === seq)
      .map((sent) => sent.hash);
  }

  /** The one that may be dormant from here on: it is alone, and what its class knows of it is what a group does. */
  viewerToRest(cohort: Cohort): ViewerHandle | undefined {
    const { first, waiting } = this;
    if (first?.stateHash === undefined || first.next !== undefined || waiting !== undefined) return undefined;
    return this.hashesAt(first.viewSeq).includes(first.stateHash) ? first.memberToRest(cohort) : undefined;
  }

  /** It was dormant, and goes on from what was kept of it. */
  wake(viewer: ViewerHandle, kept: DormantState, cohort: Cohort): ViewerGroup {
    const group = new ViewerGroup(cohort.seq, cohort.tick, kept.viewSeq);
    group.restore(kept);
    group.viewClass = this;
    group.add(viewer);
    group.join(cohort);
    this.first = group;
    this.#sent = withSentHash(undefined, kept.viewSeq, kept.stateHash);
    return group;
  }

  private delta(group: ViewerGroup, shared: SharedStep | undefined): FrameBody | "beyond" | undefined {
    const { state, step } = this.document;
    const part = shared?.part;
    if (part === "beyond") return "beyond";
    const { walk } = step;
    const writer = walk.out;
    step.lens.lookFor(this, group, this.takeDirtySince(group.seq, group.tick, group.mustAskAll));
    walk.newest = 0;
    beginDelta(writer);
    try {
      if (part === undefined) this.wholeDelta(group);
      else this.ownDelta(group, part);
    } catch (thrown) {
      if (thrown instanceof BeyondHorizon) return "beyond";
      throw thrown;
    }
    this.deltaOfViews(group);
    if (writer.length === 0) return undefined;
    writer.assertWithin();
    // Presence and view state change a view without a commit, and then its seq stays.
    if (state.root.$stamp > group.seq) group.viewSeq = Math.max(group.viewSeq, walk.newest);
    return step.delta;
  }

  private wholeDelta(group: ViewerGroup): void {
    const { schema, state, step } = this.document;
    writeAlike(this.document, step.walk, group.seq);
    for (const field of schema.rootParts.own) step.walk.deltaField(state.root, field, group.seq);
  }

  private common({ json, newest }: SharedPart): void {
    if (json.length === 0) return;
    const { walk } = this.document.step;
    walk.out.raw(json);
    walk.note(newest);
  }

  /** What the class does not have in common with others, after what it has. */
  private ownDelta(group: ViewerGroup, part: SharedPart): void {
    const { schema, state, step } = this.document;
    const { walk } = step;
    this.common(part);
    for (const field of schema.rootParts.own) walk.deltaField(state.root, field, group.seq);
  }

  private deltaOfViews(group: ViewerGroup): void {
    const { schema, step } = this.document;
    for (const slot of schema.slots) {
      const sent = group.results?.[slot.index];
      if (sent !== undefined && !group.mustAskAll && !this.#cells!.hasChangedSince(slot, group.seq, group.tick))
        continue;
      const result = this.#cells!.read(slot);
      const isRow = result.kind === "row" || isRows(result);
      const seqOf = (): number => this.seqOf(slot, group.seq);
      if (sent !== result || isRow) step.results.delta(slot, sent, result, group.seq, seqOf);
      group.resultsOf(schema.slots.length)[slot.index] = result;
    }
  }

  /** What is known to be newer than `from`, and among that what tells least. */
  private seqOf(slot: ViewSlot, from: number): number {
    const seq = this.#cells!.seqOf(slot);
    return seq > from ? seq : this.#cells!.newestSeen(slot);
  }

  /** A fresh start: the group forgets what it held. */
  private full(group: ViewerGroup): FrameBody {
    const { state, tick, presenceReads } = this.document;
    const { json, newest } = this.write(group, "keyed");
    group.viewSeq = Math.max(group.viewSeq, newest, presenceReads.newest);
    group.viewSeqMax = state.root.$stamp;
    this.#snapshot = { seq: state.root.$stamp, tick, value: { kind: "snapshot", json } };
    return this.#snapshot.value;
  }

  /** A snapshot is written as far as it is shorter than the delta, if what it has at least does not say already that it is not. */
  private smaller(group: ViewerGroup, delta: FrameBody): FrameBody {
    const { state, step, tick } = this.document;
    // Braces are not counted in a delta.
    const length = step.walk.out.length + 2;
    if (leastSnapshotBytes(state.root) >= length) return delta;
    try {
      const { json } = this.write(group, "keyed", length);
      const body: FrameBody = { kind: "snapshot", json };
      this.#snapshot = { seq: state.root.$stamp, tick, value: body };
      return json.length < length ? body : delta;
    } catch (thrown) {
      if (thrown instanceof BeyondLength) return delta;
      throw thrown;
    }
  }

  /** @param lengthMax bytes after which it may end with `BeyondLength` */
  private write(
    group: ViewerGroup,
    form: WalkForm,
    lengthMax?: number,
  ): { readonly json: Uint8Array; readonly newest: number } {
    const { schema, state, viewWriter: writer } = this.document;
    const walk = new StateWalk(writer, new GroupLens(this, group), form);
    if (lengthMax !== undefined) walk.lengthMax = lengthMax;
    const results = new ResultWalk(walk);
    writer.begin();
    writer.openObject();
    for (const entry of schema.entries) {
      if ("evaluate" in entry) {
        const result = this.#cells!.read(entry);
        group.resultsOf(schema.slots.length)[entry.index] = result;
        results.full(entry, result, false, this.#cells!.seqOf(entry));
      } else walk.fullField(state.root, entry);
    }
    writer.closeObject();
    return { json: writer.take(), newest: walk.newest };
  }
}
