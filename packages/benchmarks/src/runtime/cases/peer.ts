import { type CaseFigures, type CaseOptions, derive, shrunk } from "../case-figures.ts";
import { ColyseusShared, ColyseusViews } from "../colyseus-rooms.ts";
import { Touches } from "../item.ts";
import { measurePairs, variant } from "../measure-pairs.ts";
import { DocumentType, touchOneCommand } from "../open-document.ts";
import { ownedRecords, ownerOf, sharedRecords } from "../record-documents.ts";

const RECORDS = 1_000;

/**
 * Against `@colyseus/schema`, one viewer of shared state. It has no log, no rollback, and a change that was sent is forgotten:
 * so ours is compared without patches for a log, and, under another name, as a host runs it, with them.
 */
export function peer(name: string, isLogged: boolean): (options: CaseOptions) => CaseFigures {
  return (options) => {
    const records = shrunk(RECORDS, options);
    const type = new DocumentType(sharedRecords, { isLogged });
    const [ours, one, committing, patching] = Array.from({ length: 4 }, () => type.open(records, new Touches(records)));
    const [theirs, theirOne] = Array.from({ length: 2 }, () => new ColyseusShared(records, new Touches(records)));
    for (const document of [ours!, one!]) document.view(1);
    for (const room of [theirs!, theirOne!]) room.verify();
    const pairs = measurePairs(
      [
        variant(`${name}.ours`, () => ours!.step()),
        variant(`${name}.colyseus`, () => theirs!.step()),
        variant(`${name}.one.ours`, () => one!.step(touchOneCommand)),
        variant(`${name}.one.colyseus`, () => theirOne!.step(1)),
        variant(`${name}.ours.commit`, () => committing!.commit()),
        variant(`${name}.ours.commitAndPatch`, () => {
          patching!.commit();
          patching!.takePatch();
        }),
      ],
      options,
    );
    for (const room of [theirs!, theirOne!]) room.verify();
    for (const document of [ours!, one!]) document.verify();
    return derive(pairs, (pair) => ({
      [`${name}.ratio`]: pair[`${name}.ours`]! / pair[`${name}.colyseus`]!,
      [`${name}.one.ratio`]: pair[`${name}.one.ours`]! / pair[`${name}.one.colyseus`]!,
    }));
  };
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
