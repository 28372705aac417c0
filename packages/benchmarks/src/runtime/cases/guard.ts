import { pathToFileURL } from "node:url";
import { VmGuard } from "@tidewire/document/guard-node";
import { StandingGuard } from "@tidewire/document/standing-guard";
import { builtFile } from "../../shared/built-file.ts";
import { type CaseFigures, type CaseOptions, derive, shrunk } from "../case-figures.ts";
import { Touches } from "../item.ts";
import { measurePairs, variant } from "../measure-pairs.ts";
import { DocumentType, type OpenDocument } from "../open-document.ts";
import { sharedRecords } from "../record-documents.ts";

const MESSAGES_PER_TURN = 64;
/** The default of a document host. */
const BUDGET_MS = 1_000;

/**
 * A turn of 64 messages with and without the guard against code that does not return, as a host has it, and with the one
 * that it falls back to, which starts a thread for each turn: what that costs is for the most part whether a second core has
 * to be woken for it.
 */
export function guard(name: string): (options: CaseOptions) => Promise<CaseFigures> {
  return async (options) => {
    const type = new DocumentType(sharedRecords);
    const records = shrunk(1_000, options);
    const [free, guarded, timed] = Array.from({ length: 3 }, () => type.open(records, new Touches(records)));
    const standing = await StandingGuard.open(pathToFileURL(builtFile("guard-watch.js")), { budgetMs: BUDGET_MS });
    const perTurn = new VmGuard({ budgetMs: BUDGET_MS });
    const pairs = measurePairs(
      [
        variant(`${name}.without`, () => turn(free!)),
        variant(`${name}.with`, () => standing.run(() => turn(guarded!))),
        variant(`${name}.withThreads`, () => perTurn.run(() => turn(timed!))),
        variant(`${name}.empty`, () => standing.run(() => {})),
      ],
      options,
    );
    await standing.close();
    return derive(pairs, (pair) => ({
      [`${name}.perMessageUs`]: (pair[`${name}.with`]! - pair[`${name}.without`]!) / MESSAGES_PER_TURN,
      [`${name}.threads.perMessageUs`]: (pair[`${name}.withThreads`]! - pair[`${name}.without`]!) / MESSAGES_PER_TURN,
    }));
  };
}

function turn(document: OpenDocument): void {
  for (let message = 0; message < MESSAGES_PER_TURN; message++) document.commit();
}
