import { type CaseFigures, type CaseOptions, derive, shrunk } from "../case-figures.ts";
import { ColyseusShared, ColyseusViews } from "../colyseus-rooms.ts";
import { Touches } from "../item.ts";
import { measurePairs, variant } from "../measure-pairs.ts";
import { DocumentType } from "../open-document.ts";
import { ownedRecords, ownerOf, sharedRecords } from "../record-documents.ts";

const RECORDS = 1_000;

/**
 * Against `@colyseus/schema`, one viewer of shared state. It does less: no rollback, no log, and a change that was sent is
 * forgotten. Ours is counted as a host runs it; beside that stands what the patch for the log costs, which it has no
 * counterpart of.
 */
export function peer(options: CaseOptions): CaseFigures {
  const records = shrunk(RECORDS, options);
  const type = new DocumentType(sharedRecords);
  const ours = type.open(records, new Touches(records));
  ours.view(1);
  const committing = type.open(records, new Touches(records));
  const patching = type.open(records, new Touches(records));
  const colyseus = new ColyseusShared(records, new Touches(records));
  colyseus.verify();
  const pairs = measurePairs(
    [
      variant("peer.ours", () => ours.step()),
      variant("peer.colyseus", () => colyseus.step()),
      variant("peer.ours.commit", () => committing.commit()),
      variant("peer.ours.commitAndPatch", () => {
        patching.commit();
        patching.takePatch();
      }),
    ],
    options,
  );
  colyseus.verify();
  ours.verify();
  return derive(pairs, (pair) => {
    const patch = pair["peer.ours.commitAndPatch"]! - pair["peer.ours.commit"]!;
    return {
      "peer.ratio": pair["peer.ours"]! / pair["peer.colyseus"]!,
      "peer.withoutPatch.ratio": (pair["peer.ours"]! - patch) / pair["peer.colyseus"]!,
    };
  });
}

/** Private views: each of `owners` viewers sees its own records only. */
export function peerViews(owners: number): (options: CaseOptions) => CaseFigures {
  return (options) => {
    const records = shrunk(RECORDS, options);
    const viewers = Math.min(records, owners);
    const ours = new DocumentType(ownedRecords(viewers)).open(records, new Touches(records));
    ours.view(viewers, (index) => ownerOf(index, viewers));
    const colyseus = new ColyseusViews(records, viewers, new Touches(records));
    colyseus.verify();
    const name = `peer.views${owners}`;
    const pairs = measurePairs(
      [variant(`${name}.ours`, () => ours.step()), variant(`${name}.colyseus`, () => colyseus.step())],
      options,
    );
    colyseus.verify();
    ours.verify();
    return derive(pairs, (pair) => ({ [`${name}.ratio`]: pair[`${name}.colyseus`]! / pair[`${name}.ours`]! }));
  };
}
