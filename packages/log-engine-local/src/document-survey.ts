import { type DocumentName, ServiceError } from "@tidewire/foundation";
import {
  historyError,
  type KnownDocument,
  type LogHead,
  type LogMoment,
  type LogRead,
  type LogReadAt,
} from "@tidewire/log-engine";
import type { DocumentEntry } from "./index/document-entry.ts";
import type { DocumentIndex } from "./index/document-index.ts";

/** Where a document stands; what is not durable yet does not count. */
export function headOf(entry: DocumentEntry | undefined): LogHead {
  if (entry === undefined) return { epoch: 0, seq: 0, isDeleted: false };
  const { epoch, seq, isDeleted, wakeAt } = entry;
  return { epoch, seq, isDeleted, ...(wakeAt === undefined ? {} : { wakeAt }) };
}

/** Spaces in which documents exist, in order. */
export function spacesOf(index: DocumentIndex, afterSpace: string | undefined): string[] {
  const spaces = new Set<string>();
  for (const { name, exists } of index.entries()) if (exists) spaces.add(name.space);
  return [...spaces].filter((space) => afterSpace === undefined || space > afterSpace).sort(compareText);
}

/** A page of all documents, by space and key. */
export function documentsOf(
  index: DocumentIndex,
  page: { readonly after?: DocumentName; readonly limit: number },
): KnownDocument[] {
  const known: KnownDocument[] = [];
  for (const entry of index.entries()) {
    if (page.after !== undefined && compareNames(entry.name, page.after) <= 0) continue;
    known.push({ document: { space: entry.name.space, key: entry.name.key }, ...headOf(entry) });
  }
  return known.sort((a, b) => compareNames(a.document, b.document)).slice(0, page.limit);
}

/** All that is kept of a document. */
export interface StoredHistory {
  /** Where it begins if there is no snapshot. */
  readonly emptySeq: number;
  readonly kept: LogRead;
}

/** The state at a seq, from what is kept. */
export function stateAt(document: StoredHistory | undefined, moment: LogMoment): LogReadAt {
  if ("beforeMs" in moment) throw new ServiceError("unsupported", "this log does not read the state of a time yet");
  if (document === undefined) return { seq: 0, isDeleted: false, patches: [] };
  const { snapshot } = document.kept;
  const baseSeq = snapshot?.seq ?? document.emptySeq;
  if (moment.seq < baseSeq) throw historyError();
  const patches = document.kept.patches.filter((patch) => patch.seq <= moment.seq);
  const seq = patches.at(-1)?.seq ?? baseSeq;
  const isDeleted = snapshot === undefined && patches.length === 0 && seq > 0;
  return { seq, isDeleted, ...(snapshot === undefined ? {} : { snapshot }), patches };
}

function compareNames(a: DocumentName, b: DocumentName): number {
  return compareText(a.space, b.space) || compareText(a.key, b.key);
}

/** Keys are ASCII, so the order of code units is the order of bytes. */
function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
