import { refusePromise } from "../author/refuse-promise.ts";
import { frozenJson, sameJson } from "../author/scalar-check.ts";
import { StateError } from "../author/state-error.ts";
import { ListNode } from "../state/list-node.ts";
import { MapNode } from "../state/map-node.ts";
import { Query } from "../state/query.ts";
import { RecordNode } from "../state/record-node.ts";
import type { Guard, RecordType } from "../state/record-type.ts";
import { StateNode } from "../state/state-node.ts";
import { TableNode } from "../state/table-node.ts";

/** A record in a view, with what its viewer sees of it. */
export interface VisibleRow {
  readonly row: RecordNode;
  /** Bit `guard.bit` of each field that is there and that its guard lets through. */
  readonly mask: number;
  /** Of records with guards in nested state: everything visible, as canonical JSON. Such rows are compared by it. */
  readonly text: string | undefined;
}

/** What a view or computed value is for one class of viewers. Immutable. */
export type ViewResult =
  | { readonly kind: "absent" }
  | { readonly kind: "json"; readonly value: unknown }
  | { readonly kind: "row"; readonly only: VisibleRow }
  | RowsResult;

/** A list of records, in their order, or a map of them, in the order of its keys. */
export interface RowsResult {
  readonly kind: "list" | "map";
  readonly rows: readonly VisibleRow[];
}

export const absentResult: ViewResult = { kind: "absent" };

/** Answers for one class of viewers. */
export interface RowPolicies {
  sees(guard: Guard, record: RecordNode): boolean;
  /** Everything visible of a record, as canonical JSON. */
  textOf(record: RecordNode, mask: number): string;
}

/** Turns what a view function returned into something that can be sent. Throws `StateError` for what cannot. */
export function viewResultOf(value: unknown, policies: RowPolicies): ViewResult {
  if (value === undefined || value === null) return absentResult;
  refusePromise(value, "views and computed values");
  // What a query gives is all from one container.
  if (value instanceof Query || value instanceof TableNode) return rowsResult("list", value.toArray(), policies);
  if (value instanceof MapNode) {
    return value.$field.recordType === undefined
      ? { kind: "json", value: frozenJson(Object.fromEntries(value)) }
      : rowsResult("map", value.$all(), policies);
  }
  if (value instanceof RecordNode) {
    const only = visibleRow(value, policies);
    return only === undefined ? absentResult : { kind: "row", only };
  }
  if (value instanceof ListNode) return { kind: "json", value: frozenJson(value.toArray()) };
  if (Array.isArray(value) && value.length > 0 && value.every((item) => item instanceof RecordNode)) {
    return withoutTwins(rowsResult("list", value, policies));
  }
  refuseNestedState(value);
  return { kind: "json", value: frozenJson(value) };
}

/** Would be refused anyway, in words that do not help. */
function refuseNestedState(value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  if (Object.values(value).some((item) => item instanceof StateNode || item instanceof Query)) {
    throw new StateError(
      "a record, list, map, table or query is a view by itself, or records in an array: within an object give plain values, or make it a view of its own",
    );
  }
}

export function sameResult(a: ViewResult, b: ViewResult): boolean {
  if (a === b) return true;
  if (a.kind === "json") return b.kind === "json" && sameJson(a.value, b.value);
  if (a.kind === "row") return b.kind === "row" && sameRow(a.only, b.only);
  if (isRows(a)) {
    return (
      b.kind === a.kind && a.rows.length === b.rows.length && a.rows.every((row, index) => sameRow(row, b.rows[index]!))
    );
  }
  return b.kind === "absent";
}

export function isRows(result: ViewResult): result is RowsResult {
  return result.kind === "list" || result.kind === "map";
}

/** Whether a type has guards that a mask of its own fields does not cover. */
function hasNestedGuards({ guardsWithin, guardCount }: RecordType): boolean {
  return guardsWithin.length > guardCount;
}

function sameRow(a: VisibleRow, b: VisibleRow): boolean {
  return a.row === b.row && a.mask === b.mask && a.text === b.text;
}

function rowsResult(kind: RowsResult["kind"], records: readonly RecordNode[], policies: RowPolicies): RowsResult {
  const rows: VisibleRow[] = [];
  for (const record of records) {
    const row = visibleRow(record, policies);
    if (row !== undefined) rows.push(row);
  }
  return { kind, rows };
}

/** Of those that are visible: a hidden one makes no difference. */
function withoutTwins(result: RowsResult): RowsResult {
  const keys = new Set(result.rows.map(({ row }) => row.$key));
  if (keys.size < result.rows.length) throw new StateError("a view has two records with the same key");
  return result;
}

/** A view cannot show what a policy hides: such records are left out. */
function visibleRow(row: RecordNode, policies: RowPolicies): VisibleRow | undefined {
  const type = row.$type;
  if (!row.$isLive || (type.guard !== undefined && !policies.sees(type.guard, row))) return undefined;
  let mask = 0;
  if (type.guardCount > 0) {
    for (const { guard, index } of type.slots) {
      if (guard !== undefined && row.$get(index) !== undefined && policies.sees(guard, row)) mask |= 1 << guard.bit;
    }
  }
  return { row, mask, text: hasNestedGuards(type) ? policies.textOf(row, mask) : undefined };
}
