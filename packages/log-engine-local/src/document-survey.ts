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

/** A page of all documents, by space and key. */
export function documentsOf(
  index: DocumentIndex,
  page: { readonly after?: DocumentName; readonly limit: number },
): KnownDocument[] {
  const known: KnownDocument[] = [];
  for (const entry of index.known(page.after)) {
    known.push({ document: { space: entry.name.space, key: entry.name.key }, ...headOf(entry) });
    if (known.length === page.limit) break;
  }
  return known;
}
