import { JsonWriter } from "../encode/json-writer.ts";
import { ReadTracker } from "../state/read-tracker.ts";
import type { RecordNode } from "../state/record-node.ts";
import type { Guard } from "../state/record-type.ts";
import type { ClassPolicies } from "./class-policies.ts";
import type { ViewedDocument, ViewerInputs } from "./document-views.ts";
import { GroupLens } from "./group-lens.ts";
import { ResultWalk } from "./result-walk.ts";
import { seqOfSeen } from "./seen-seq.ts";
import { StateWalk } from "./state-walk.ts";
import { absentResult, type RowPolicies, sameResult, type ViewResult, viewResultOf } from "./view-result.ts";
import type { ViewSlot } from "./view-slot.ts";
import { ViewerGroup } from "./viewer-group.ts";

interface Cell {
  readonly result: ViewResult;
  readonly tracker: ReadTracker;
  /** When it was evaluated. */
  readonly seq: number;
  readonly tick: number;
}

const decoder = new TextDecoder();

/** Computed values and views of one class, evaluated again only when something they read has changed. */
export class ViewCells implements RowPolicies {
  readonly #document: ViewedDocument;
  readonly #inputs: ViewerInputs;
  readonly #policies: ClassPolicies;
  readonly #cells: (Cell | undefined)[] = [];

  constructor(document: ViewedDocument, inputs: ViewerInputs, policies: ClassPolicies) {
    this.#document = document;
    this.#inputs = inputs;
    this.#policies = policies;
  }

  /** The same object for as long as the result is the same. */
  read(slot: ViewSlot): ViewResult {
    const { state, tick } = this.#document;
    const cell = this.#cells[slot.index];
    if (cell !== undefined && !this.hasChangedSince(slot, cell.seq, cell.tick)) return cell.result;
    const tracker = new ReadTracker();
    const result = this.#evaluate(slot, tracker);
    const kept = cell !== undefined && sameResult(cell.result, result) ? cell.result : result;
    this.#cells[slot.index] = { result: kept, tracker, seq: state.root.$stamp, tick };
    return kept;
  }

  /** Whether anything the last evaluation read has changed since. */
  hasChangedSince(slot: ViewSlot, seq: number, tick: number): boolean {
    const tracker = this.#cells[slot.index]?.tracker;
    if (tracker === undefined) return true;
    return tracker.hasChangedSince(seq) || (tracker.readsPresence && tick !== this.#document.tick);
  }

  /** The newest change of what the last evaluation read. */
  newestSeen(slot: ViewSlot): number {
    return this.#cells[slot.index]?.tracker.newestStamp() ?? 0;
  }

  /** See `seqOfSeen`. */
  seqOf(slot: ViewSlot): number {
    const cell = this.#cells[slot.index];
    return cell === undefined ? 0 : seqOfSeen(cell.tracker, cell.result);
  }

  sees(guard: Guard, record: RecordNode): boolean {
    return this.#policies.sees(guard, record);
  }

  textOf(record: RecordNode, mask: number): string {
    const out = new JsonWriter(this.#document.limits.viewMaxBytes);
    const walk = new StateWalk(out, new GroupLens(this.#policies, new ViewerGroup(0, -1, 0)), "plain");
    new ResultWalk(walk).row({ row: record, mask, text: undefined });
    return decoder.decode(out.take());
  }

  /** A throw leaves the value out. */
  #evaluate(slot: ViewSlot, tracker: ReadTracker): ViewResult {
    const { state, schema } = this.#document;
    const outer = state.tracker;
    state.tracker = tracker;
    try {
      const viewState = schema.hasViewState ? this.#inputs.viewState : undefined;
      return viewResultOf(slot.evaluate(state.root, this.#inputs, viewState), this);
    } catch (thrown) {
      this.#document.policyFailed(thrown);
      return absentResult;
    } finally {
      state.tracker = outer;
    }
  }
}
