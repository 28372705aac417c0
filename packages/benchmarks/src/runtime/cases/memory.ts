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
    "memory.viewerBytes": viewerBytes(() => new DocumentType(sharedRecords).open(10, new Touches(10)), viewers),
    "memory.guardedViewerBytes": viewerBytes(
      () => new DocumentType(ownedRecords(privateViewers)).open(privateViewers, new Touches(privateViewers)),
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

/**
 * What a viewer adds to a document, its id and principal as the host hands them in not counted. The rehearsals are for the
 * machine code that so many viewers are worth, which is no viewer's: it was up to 20 bytes of each.
 */
function viewerBytes(open: () => OpenDocument, viewers: number): number {
  for (let count = 0; count < REHEARSALS; count++) bytesOfViewers(open(), viewers);
  return bytesOfViewers(open(), viewers);
}

function bytesOfViewers(document: OpenDocument, viewers: number): number {
  const inits = Array.from({ length: viewers }, (_, index) => ({
    id: `v${index}`,
    principal: { agent: `viewer${index}`, authority: "dev" },
    hashEvery: false,
    credit: 1_000,
  }));
  const before = bytesInUse();
  for (const init of inits) document.instance.attach(init);
  document.deliver();
  // Buffers of what was computed for all, and of the last frame, belong to nobody.
  document.step();
  const bytes = bytesInUse() - before;
  if (document.instance.viewerCount !== inits.length) throw new Error("the viewers are not there");
  return bytes / viewers;
}
