import { JsonWriter } from "../encode/json-writer.ts";
import { Query } from "../state/query.ts";
import { fieldBit, ReadTracker } from "../state/read-tracker.ts";
import { RecordNode } from "../state/record-node.ts";
import type { Guard } from "../state/record-type.ts";
import { TableNode } from "../state/table-node.ts";
import type { ClassPolicies } from "./class-policies.ts";
import type { ViewedDocument, ViewerInputs } from "./document-views.ts";
import { GroupLens } from "./group-lens.ts";
import { ResultWalk } from "./result-walk.ts";
import { isFieldShown, isShown, seqOfSeen } from "./seen-seq.ts";
import { StateWalk } from "./state-walk.ts";
import { absentResult, type RowPolicies, sameResult, type ViewResult, viewResultOf } from "./view-result.ts";
import type { ViewSlot } from "./view-slot.ts";
import { ViewerGroup } from "./viewer-group.ts";

interface Cell {
  readonly result: ViewResult;
  /** What the function read. */
  readonly tracker: ReadTracker;
  /** What was read of the table whose records it gives. */
  readonly rows: ReadTracker;
  /** Whether all that may bring records into the result or out of it is told where they are shown without the view. */
  readonly isTold: boolean;
  /** When it was evaluated. */
  readonly seq: number;
  readonly tick: number;
}

const decoder = new TextDecoder();
/** Of results that are not records of a table. Never written to. */
const noRows = new ReadTracker();

/** Computed values and views of one class, evaluated again only when something they read has changed. */
export class ViewCells implements RowPolicies {
  readonly #document: ViewedDocument;
  readonly #inputs: ViewerInputs;
  readonly #policies: ClassPolicies;
  readonly #cells: (Cell | undefined)[];

  constructor(document: ViewedDocument, inputs: ViewerInputs, policies: ClassPolicies) {
    this.#document = document;
    this.#inputs = inputs;
    this.#policies = policies;
    // One that grows has room for sixteen more, and there may be one for each viewer.
    this.#cells = document.schema.slots.map(() => undefined);
  }

  /** The same object for as long as the result is the same. */
  read(slot: ViewSlot): ViewResult {
    const { state, tick } = this.#document;
    const cell = this.#cells[slot.index];
    if (cell !== undefined && !this.hasChangedSince(slot, cell.seq, cell.tick)) return cell.result;
    const { result, tracker, rows, isTold } = this.#evaluate(slot);
    const kept = cell !== undefined && sameResult(cell.result, result) ? cell.result : result;
    this.#cells[slot.index] = { result: kept, tracker, rows, isTold, seq: state.root.$stamp, tick };
    return kept;
  }

  /** Whether anything the last evaluation read has changed since. */
  hasChangedSince(slot: ViewSlot, seq: number, tick: number): boolean {
    const cell = this.#cells[slot.index];
    if (cell === undefined) return true;
    const { tracker, rows } = cell;
    if (tracker.hasChangedSince(seq) || rows.hasChangedSince(seq)) return true;
    return (tracker.readsPresence || rows.readsPresence) && tick !== this.#document.tick;
  }

  /** The newest change of what the last evaluation read. */
  newestSeen(slot: ViewSlot): number {
    const cell = this.#cells[slot.index];
    return cell === undefined ? 0 : Math.max(cell.tracker.newestStamp(), cell.rows.newestStamp());
  }

  /** See `seqOfSeen`. */
  seqOf(slot: ViewSlot): number {
    const cell = this.#cells[slot.index];
    if (cell === undefined) return 0;
    const newest = seqOfSeen(cell.tracker.nodes);
    return cell.isTold ? newest : Math.max(newest, seqOfSeen(cell.rows.nodes));
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
  #evaluate(slot: ViewSlot): Pick<Cell, "result" | "tracker" | "rows" | "isTold"> {
    const { state, schema, presenceReads } = this.#document;
    const outer = state.tracker;
    const tracker = new ReadTracker();
    let rows = noRows;
    let isTold = false;
    state.tracker = tracker;
    try {
      const viewState = schema.hasViewState ? this.#inputs.viewState : undefined;
      const value = slot.evaluate(state.root, this.#inputs, viewState);
      sawRecords(value, tracker);
      if (value instanceof Query || value instanceof TableNode) state.tracker = rows = new ReadTracker();
      const result = viewResultOf(value, this);
      isTold = isToldElsewhere(value, rows);
      return { result, tracker, rows, isTold };
    } catch (thrown) {
      this.#document.codeFailed(`"${slot.name}" of the document`, thrown);
      return { result: absentResult, tracker, rows, isTold };
    } finally {
      state.tracker = outer;
      if (tracker.readsPresence || rows.readsPresence) {
        presenceReads.noteView(tracker);
        presenceReads.noteView(rows);
      }
    }
  }
}

/** A record that is given is shown with all that is beneath it, and was perhaps only passed on: nobody read its fields. */
function sawRecords(value: unknown, tracker: ReadTracker): void {
  if (value instanceof RecordNode) tracker.saw(value);
  else if (Array.isArray(value)) for (const item of value) if (item instanceof RecordNode) tracker.saw(item);
}

function isToldElsewhere(value: unknown, { ownFields }: ReadTracker): boolean {
  if (value instanceof TableNode) return isShown(value);
  if (!(value instanceof Query) || !(value.$source instanceof TableNode) || !isShown(value.$source)) return false;
  if (!value.$isEachByItself(isFieldShown)) return false;
  // What its conditions looked at.
  const { slots } = value.$source.$field.recordType!;
  return slots.every((field) => isFieldShown(field) || (ownFields & fieldBit(field.index)) === 0);
}
