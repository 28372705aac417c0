import { VmGuard } from "@tidewire/document/guard-node";
import { type CaseFigures, type CaseOptions, derive, shrunk } from "../case-figures.ts";
import { Touches } from "../item.ts";
import { measurePairs, variant } from "../measure-pairs.ts";
import { DocumentType, type OpenDocument } from "../open-document.ts";
import { sharedRecords } from "../record-documents.ts";

const MESSAGES_PER_TURN = 64;
/** The default of a document host. */
const BUDGET_MS = 1_000;

/** A turn of 64 messages with and without the guard against code that does not return. */
export function guard(options: CaseOptions): CaseFigures {
  const type = new DocumentType(sharedRecords);
  const records = shrunk(1_000, options);
  const [free, guarded] = [type.open(records, new Touches(records)), type.open(records, new Touches(records))];
  const runaway = new VmGuard({ budgetMs: BUDGET_MS });
  const pairs = measurePairs(
    [
      variant("guard.without", () => turn(free)),
      variant("guard.with", () => runaway.run(() => turn(guarded))),
      variant("guard.empty", () => runaway.run(() => {})),
    ],
    options,
  );
  return derive(pairs, (pair) => ({
    "guard.perMessageUs": (pair["guard.with"]! - pair["guard.without"]!) / MESSAGES_PER_TURN,
  }));
}

function turn(document: OpenDocument): void {
  for (let message = 0; message < MESSAGES_PER_TURN; message++) document.commit();
}
