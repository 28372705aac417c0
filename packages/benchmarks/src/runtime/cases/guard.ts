import { VmGuard } from "@tidewire/document/guard-node";
import { type CaseFigures, type CaseOptions, derive, shrunk } from "../case-figures.ts";
import { Touches } from "../item.ts";
import { measurePairs, variant } from "../measure-pairs.ts";
import { DocumentType, type OpenDocument } from "../open-document.ts";
import { sharedRecords } from "../record-documents.ts";

const MESSAGES_PER_TURN = 64;
/** The default of a document host. */
const BUDGET_MS = 1_000;

/**
 * A turn of 64 messages with and without the guard against code that does not return. Arming it starts a thread, and what
 * that costs is for the most part whether a second core has to be woken for it.
 */
export function guard(name: string): (options: CaseOptions) => CaseFigures {
  return (options) => {
    const type = new DocumentType(sharedRecords);
    const records = shrunk(1_000, options);
    const [free, guarded] = [type.open(records, new Touches(records)), type.open(records, new Touches(records))];
    const runaway = new VmGuard({ budgetMs: BUDGET_MS });
    const pairs = measurePairs(
      [
        variant(`${name}.without`, () => turn(free)),
        variant(`${name}.with`, () => runaway.run(() => turn(guarded))),
        variant(`${name}.empty`, () => runaway.run(() => {})),
      ],
      options,
    );
    return derive(pairs, (pair) => ({
      [`${name}.perMessageUs`]: (pair[`${name}.with`]! - pair[`${name}.without`]!) / MESSAGES_PER_TURN,
    }));
  };
}

function turn(document: OpenDocument): void {
  for (let message = 0; message < MESSAGES_PER_TURN; message++) document.commit();
}
