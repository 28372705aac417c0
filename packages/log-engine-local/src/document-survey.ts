import type { DocumentName } from "@tidewire/foundation";
import type { KnownDocument, LogHead } from "@tidewire/log-engine";
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

function compareNames(a: DocumentName, b: DocumentName): number {
  return compareText(a.space, b.space) || compareText(a.key, b.key);
}

/** Keys are ASCII, so the order of code units is the order of bytes. */
function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
