import type { ViewerInit } from "@tidewire/document";
import { type CaseFigures, type CaseOptions, shrunk } from "../case-figures.ts";
import { bytesInUse } from "../garbage.ts";
import { CHANGES, itemKey, newItem, Touches } from "../item.ts";
import { DocumentType, type OpenDocument } from "../open-document.ts";
import { ownedRecords, sharedRecords } from "../record-documents.ts";

/** Sizes after full collections, so that one look is as good as nine. */
export function memory(options: CaseOptions): CaseFigures {
  // The first of everything also loads code.
  if (options.shrink === 1) sizes({ ...options, shrink: 1_000 });
  const measured = sizes(options);
  return Array.from({ length: options.pairs }, () => measured);
}

function sizes(options: CaseOptions): Record<string, number> {
  const records = shrunk(100_000, options);
  const plain = plainBytes(records) / records;
  const { fresh, changed } = recordBytes(records);
  const viewers = shrunk(10_000, options);
  const privateViewers = shrunk(1_000, options);
  return {
    "memory.plain.recordBytes": plain,
    "memory.fresh.recordBytes": fresh / records,
    "memory.changed.recordBytes": changed / records,
    "memory.fresh.ratio": fresh / records / plain,
    "memory.changed.ratio": changed / records / plain,
    "memory.viewerBytes": viewerBytes(new DocumentType(sharedRecords), 10, viewers),
    "memory.guardedViewerBytes": viewerBytes(
      new DocumentType(ownedRecords(privateViewers)),
      privateViewers,
      privateViewers,
    ),
  };
}

function plainBytes(records: number): number {
  const before = bytesInUse();
  const items = new Map(Array.from({ length: records }, (_, index) => [itemKey(index), newItem(index)] as const));
  const bytes = bytesInUse() - before;
  if (items.size !== records) throw new Error("the plain objects are not there");
  return bytes;
}

function recordBytes(records: number): { readonly fresh: number; readonly changed: number } {
  const type = new DocumentType(sharedRecords);
  const touches = new Sequence(records);
  const before = bytesInUse();
  const document = type.open(records, touches);
  const fresh = bytesInUse() - before;
  for (let done = 0; done < records; done += CHANGES) {
    document.commit();
    document.takePatch();
  }
  const changed = bytesInUse() - before;
  // Named after the last look, or the collector would have taken it before.
  if (!document.instance.exists) throw new Error("the document is gone");
  return { fresh, changed };
}

/** Each record once, in order. */
class Sequence extends Touches {
  readonly #records: number;
  #at = -1;

  constructor(records: number) {
    super(1);
    this.#records = records;
  }

  override next(): string {
    return itemKey((this.#at = (this.#at + 1) % this.#records));
  }
}

/** So often code runs before it is compiled for good, at this number of viewers. */
const REHEARSALS = 4;
/** What the process itself takes or gives back meanwhile is up to 300 KB in either direction: little, of so many. */
const DOCUMENTS = 8;

/**
 * What a viewer adds to a document, its id and principal as the host hands them in not counted. The rehearsals are for the
 * machine code that so many viewers are worth, which is no viewer's: it was up to 20 bytes of each.
 */
function viewerBytes(type: DocumentType, records: number, viewers: number): number {
  const open = (): OpenDocument => type.open(records, new Touches(records));
  for (let count = 0; count < REHEARSALS; count++) bytesOfViewers([open()], viewers);
  return bytesOfViewers(Array.from({ length: DOCUMENTS }, open), viewers);
}

function bytesOfViewers(documents: readonly OpenDocument[], viewers: number): number {
  const inits = Array.from({ length: viewers }, (_, index) => initOf(`viewer${index}`));
  // The first viewer has each document make the buffers that all of them share.
  for (const document of documents) attach(document, [initOf("first")]);
  const before = bytesInUse();
  for (const document of documents) attach(document, inits);
  const bytes = bytesInUse() - before;
  for (const { instance } of documents) {
    if (instance.viewerCount !== inits.length + 1) throw new Error("the viewers are not there");
  }
  return bytes / documents.length / viewers;
}

function initOf(agent: string): ViewerInit {
  return { id: agent, principal: Object.freeze({ agent, authority: "dev" }), hashEvery: false, credit: 1_000 };
}

function attach(document: OpenDocument, inits: readonly ViewerInit[]): void {
  for (const init of inits) document.instance.attach(init);
  document.deliver();
  // Buffers of what was computed for all, and of the last frame, belong to nobody.
  document.step();
}
