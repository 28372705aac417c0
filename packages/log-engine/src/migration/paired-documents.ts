import type { DocumentName } from "@tidewire/foundation";
import { compareNames } from "../document-order.ts";
import type { KnownDocument, LogEngine } from "../log-engine.ts";

/** What two logs know of one document; `undefined` on the side that does not know it. */
export interface PairedDocument {
  readonly document: DocumentName;
  readonly source: KnownDocument | undefined;
  readonly target: KnownDocument | undefined;
}

/** Walks through the documents of two logs side by side, in order, a page of each in memory. */
export async function* pairedDocuments(
  source: LogEngine,
  target: LogEngine,
  pageSize: number,
): AsyncGenerator<PairedDocument> {
  const sources = allDocuments(source, pageSize);
  const targets = allDocuments(target, pageSize);
  let left = (await sources.next()).value;
  let right = (await targets.next()).value;
  while (left !== undefined || right !== undefined) {
    const order = left === undefined ? 1 : right === undefined ? -1 : compareNames(left.document, right.document);
    const ofSource: KnownDocument | undefined = order <= 0 ? left : undefined;
    const ofTarget: KnownDocument | undefined = order >= 0 ? right : undefined;
    yield { document: (ofSource ?? ofTarget)!.document, source: ofSource, target: ofTarget };
    if (ofSource !== undefined) left = (await sources.next()).value;
    if (ofTarget !== undefined) right = (await targets.next()).value;
  }
}

async function* allDocuments(log: LogEngine, pageSize: number): AsyncGenerator<KnownDocument, undefined> {
  let after: DocumentName | undefined;
  for (;;) {
    const page = await log.documents({ limit: pageSize, ...(after === undefined ? {} : { after }) });
    yield* page;
    if (page.length < pageSize) return undefined;
    after = page.at(-1)!.document;
  }
}
