import { ContainerNode } from "../state/container-node.ts";
import type { RecordNode } from "../state/record-node.ts";
import type { Guard, RecordType } from "../state/record-type.ts";
import type { StateNode } from "../state/state-node.ts";
import { replaceLabel } from "./full-walk.ts";
import type { Lens } from "./lens.ts";
import { writeAllKeys, writeOrderDifference } from "./order-writer.ts";
import { StateWalk } from "./state-walk.ts";
import { isRows, type RowsResult, type ViewResult, type VisibleRow } from "./view-result.ts";
import type { ViewSlot } from "./view-slot.ts";

/** Policies of a row's own fields are answered by masks: what was sent, and what is to be seen now. */
class MaskLens implements Lens {
  readonly seesAll = false;
  #row!: RecordNode;
  #before = 0;
  #after = 0;
  readonly #outer: Lens;

  constructor(outer: Lens) {
    this.#outer = outer;
  }

  look(row: RecordNode, before: number, after: number): void {
    this.#row = row;
    this.#before = before;
    this.#after = after;
  }

  sees(guard: Guard, record: RecordNode): boolean {
    return record === this.#row ? (this.#after & (1 << guard.bit)) !== 0 : this.#outer.sees(guard, record);
  }

  wasHeld(guard: Guard): boolean {
    return (this.#before & (1 << guard.bit)) !== 0;
  }

  hold(): void {}

  isDirty(): boolean {
    return this.#before !== this.#after;
  }

  isAnyDirty(_type: RecordType): boolean {
    return false;
  }

  answerSeq(guard: Guard, record: RecordNode, than: number): number {
    return this.#outer.answerSeq(guard, record, than);
  }

  holds(guard: Guard, record: RecordNode): boolean {
    return this.sees(guard, record);
  }

  orderSent(): readonly RecordNode[] {
    return [];
  }

  setOrderSent(): void {}
}

/** Writes the results of views, as a whole or as the difference to what was sent. */
export class ResultWalk {
  readonly #walk: StateWalk;
  readonly #rowWalk: StateWalk;
  readonly #lens: MaskLens;

  constructor(walk: StateWalk) {
    this.#walk = walk;
    this.#lens = new MaskLens(walk.lens);
    this.#rowWalk = new StateWalk(walk.out, this.#lens, walk.form);
  }

  /** `seq`: the newest change of what the view is known to be made of. */
  full(slot: ViewSlot, result: ViewResult, replaces: boolean, seq = 0): void {
    const { out } = this.#walk;
    this.#walk.note(seq);
    if (result.kind === "absent") return;
    out.label(slot.label);
    if (result.kind === "json") this.#walk.writeJson(result.value, replaces);
    else if (result.kind === "row") this.#fullRow(result.only, replaces);
    else this.#fullRows(result, replaces);
  }

  /** `sent` is undefined if nobody knows what the receiver holds. `seqOf` gives the newest change of what the view read. */
  delta(slot: ViewSlot, sent: ViewResult | undefined, result: ViewResult, from: number, seqOf: () => number): void {
    const walk = this.#walk;
    const { out } = walk;
    const start = out.position;
    const { newest } = walk;
    walk.newest = 0;
    if (isRows(result) && sent !== undefined && isRows(sent) && sent.kind === result.kind) {
      out.label(slot.label);
      out.openObject();
      const inside = out.position;
      this.#deltaRows(sent.rows, result.rows, from);
      if (result.kind === "list" && !isSameOrder(sent.rows, result.rows)) {
        writeOrderDifference(out, sent.rows.map(rowOf), result.rows.map(rowOf));
      }
      out.closeUnlessEmpty(start, inside);
    } else if (result.kind === "row" && sent?.kind === "row" && sent.only.row === result.only.row) {
      if (isComparedByText(result.only)) {
        if (sent.only.text !== result.only.text) this.full(slot, result, true);
      } else {
        out.label(slot.label);
        out.openObject();
        const inside = out.position;
        this.#deltaRow(sent.only, result.only, from);
        out.closeUnlessEmpty(start, inside);
      }
    } else if (result.kind === "absent") {
      if (sent === undefined || sent.kind !== "absent") {
        out.label(slot.label);
        out.null();
      }
    } else if (result.kind !== "json" || sent?.kind !== "json" || result !== sent) {
      this.full(slot, result, sent?.kind !== "absent");
    }
    // The records that were written name their own seqs; where those are not new, what the view read has to.
    if (out.position > start && walk.newest <= from) walk.note(seqOf());
    walk.note(newest);
  }

  /** One record in full. */
  row(visible: VisibleRow): void {
    this.#fullRow(visible, false);
  }

  #fullRow(visible: VisibleRow, replaces: boolean): void {
    this.#lens.look(visible.row, 0, visible.mask);
    this.#rowWalk.newest = 0;
    this.#rowWalk.fullRecord(visible.row, replaces);
    // That it is shown at all may come from a field that is not.
    this.#walk.note(visible.row.$stamp);
  }

  #fullRows({ kind, rows }: RowsResult, replaces: boolean): void {
    const { out, form } = this.#walk;
    if (form === "plain" && kind === "list") {
      out.openArray();
      for (const row of rows) this.#fullRow(row, false);
      out.closeArray();
      return;
    }
    out.openObject();
    if (replaces) out.label(replaceLabel);
    for (const visible of rows) {
      out.key(visible.row.$key);
      this.#fullRow(visible, false);
    }
    if (kind === "list") writeAllKeys(out, rows.map(rowOf));
    out.closeObject();
  }

  #deltaRow(before: VisibleRow, after: VisibleRow, from: number): void {
    this.#lens.look(after.row, before.mask, after.mask);
    this.#rowWalk.newest = 0;
    this.#rowWalk.deltaRecord(after.row, from);
    this.#walk.note(this.#rowWalk.newest);
  }

  #deltaRows(before: readonly VisibleRow[], after: readonly VisibleRow[], from: number): void {
    const walk = this.#walk;
    const { out } = walk;
    const sentRows = takeSent(before, after);
    const gone = sentRows.goneCount === 0 ? undefined : goneOf(before);
    for (let position = 0; position < after.length; position++) {
      const visible = after[position]!;
      const { row } = visible;
      const sent = sentRows.byPosition[position];
      if (sent === undefined) {
        out.key(row.$key);
        this.#fullRow(visible, gone?.delete(row.$key) === true);
        walk.note(row.$stamp);
      } else if (isComparedByText(visible)) {
        if (sent.text === visible.text) continue;
        out.key(row.$key);
        this.#fullRow(visible, true);
      } else if (row.$stamp > from || sent.mask !== visible.mask) {
        const start = out.position;
        out.key(row.$key);
        out.openObject();
        const inside = out.position;
        this.#deltaRow(sent, visible, from);
        out.closeUnlessEmpty(start, inside);
      }
    }
    if (gone !== undefined) {
      for (const [key, row] of gone) {
        walk.note(leftAt(row, from));
        out.key(key);
        out.null();
      }
    }
  }
}

/** What was sent of each row; leaves a mark on those that are gone. */
function takeSent(
  before: readonly VisibleRow[],
  after: readonly VisibleRow[],
): { readonly byPosition: readonly (VisibleRow | undefined)[]; readonly goneCount: number } {
  for (let position = 0; position < before.length; position++) before[position]!.row.$position = position;
  let goneCount = before.length;
  const byPosition = after.map(({ row }) => {
    const position = row.$position;
    if (position < 0) return undefined;
    row.$position = -1;
    goneCount--;
    return before[position];
  });
  return { byPosition, goneCount };
}

/** Those that are marked, by key; takes the marks off. */
function goneOf(before: readonly VisibleRow[]): Map<string, RecordNode> {
  const gone = new Map<string, RecordNode>();
  for (const { row } of before) {
    if (row.$position < 0) continue;
    row.$position = -1;
    gone.set(row.$key, row);
  }
  return gone;
}

/** When a row that is no longer shown was removed, with a record that holds it perhaps; otherwise its newest change. */
function leftAt(row: RecordNode, from: number): number {
  if (row.$isLive) return row.$stamp;
  for (let place: StateNode = row; place.$parent !== null; place = place.$parent) {
    if (!(place.$parent instanceof ContainerNode)) continue;
    const { $tombstones } = place.$parent;
    for (let index = $tombstones.length - 1; index >= 0 && $tombstones[index]!.seq > from; index--) {
      if ($tombstones[index]!.element === place) return $tombstones[index]!.seq;
    }
  }
  return row.$stamp;
}

function isSameOrder(before: readonly VisibleRow[], after: readonly VisibleRow[]): boolean {
  return before.length === after.length && before.every(({ row }, position) => row === after[position]!.row);
}

function rowOf({ row }: VisibleRow): RecordNode {
  return row;
}

function isComparedByText(visible: VisibleRow): boolean {
  return visible.text !== undefined;
}
