import { type CaseFigures, type CaseOptions, derive, shrunk } from "../case-figures.ts";
import { Touches } from "../item.ts";
import { measurePairs, type Variant, variant } from "../measure-pairs.ts";
import { DocumentType, type OpenDocument } from "../open-document.ts";
import { apartRecords, overlaidRecords, ownedRecords } from "../record-documents.ts";

/** Few, because a thousand viewers begin with a snapshot each. */
const OVERLAY_RECORDS = 50;
/** Sees every second of the changes that viewers see different ones of, which is what they see on average. */
const AVERAGE_VIEWER = 0b0101010101;

/**
 * Every viewer is a class of its own. Hidden: each changed record is seen by one viewer, so most have nothing to be told.
 * Overlay: everybody sees the same changes and one more that its own policy decides on; the cost of one viewer among many
 * is compared with that of a viewer who is alone, for whom nothing can be shared. Apart: the same with ten such changes, of
 * which no two viewers see the same ones.
 *
 * Only the delivery is counted: what commit and patch cost is measured beside it, without viewers, and taken off.
 */
export function different(options: CaseOptions): CaseFigures {
  const many = shrunk(1_000, options);
  const hidden = new DocumentType(ownedRecords(many));
  const overlay = new DocumentType(overlaidRecords);
  const apart = new DocumentType(apartRecords);
  const watched: OpenDocument[] = [];
  const open = (type: DocumentType, records: number, viewers: number, first = 0): OpenDocument => {
    const document = type.open(records, new Touches(records));
    if (viewers === 0) return document;
    document.view(viewers, (index) => `viewer${first + index}`);
    watched.push(document);
    return document;
  };
  const pairs = measurePairs(
    [
      withoutViewers("different.hidden.0", open(hidden, many, 0)),
      withViewers("different.hidden.1000", open(hidden, many, many)),
      withoutViewers("different.overlay.0", open(overlay, OVERLAY_RECORDS, 0)),
      withViewers("different.overlay.1", open(overlay, OVERLAY_RECORDS, 1)),
      withViewers("different.overlay.1000", open(overlay, OVERLAY_RECORDS, many)),
      withoutViewers("different.apart.0", open(apart, OVERLAY_RECORDS, 0)),
      withViewers("different.apart.1", open(apart, OVERLAY_RECORDS, 1, AVERAGE_VIEWER)),
      withViewers("different.apart.1000", open(apart, OVERLAY_RECORDS, many)),
    ],
    options,
  );
  for (const document of watched) document.verify();
  return derive(pairs, (pair) => {
    const perViewer = (name: string, viewers: number): number =>
      ((pair[`different.${name}.${viewers === 1 ? 1 : 1000}`]! - pair[`different.${name}.0`]!) * 1_000) / viewers;
    const alone = perViewer("overlay", 1);
    const among = perViewer("overlay", many);
    return {
      "different.hidden.perViewerNs": perViewer("hidden", many),
      "different.overlay.perViewerNs": among,
      "different.alone.perViewerNs": alone,
      "different.overlay.ratio": among / alone,
      "different.apart.perViewerNs": perViewer("apart", many),
      "different.apart.ratio": perViewer("apart", many) / perViewer("apart", 1),
    };
  });
}

function withViewers(name: string, document: OpenDocument): Variant {
  return variant(name, () => document.step());
}

function withoutViewers(name: string, document: OpenDocument): Variant {
  return variant(name, () => {
    document.commit();
    document.takePatch();
  });
}
