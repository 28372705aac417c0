import { type CaseFigures, type CaseOptions, derive, shrunk } from "../case-figures.ts";
import { Touches } from "../item.ts";
import { measurePairs, variant } from "../measure-pairs.ts";
import { DocumentType } from "../open-document.ts";
import { sharedRecords } from "../record-documents.ts";

/** A handler that throws after its changes against one that does not. Both runs end before the patch. */
export function rollback(options: CaseOptions): CaseFigures {
  const type = new DocumentType(sharedRecords);
  const records = shrunk(1_000, options);
  const [committing, failing] = [type.open(records, new Touches(records)), type.open(records, new Touches(records))];
  const pairs = measurePairs(
    [variant("rollback.commit", () => committing.commit()), variant("rollback.throw", () => failing.fail())],
    options,
  );
  return derive(pairs, (pair) => ({ "rollback.ratio": pair["rollback.throw"]! / pair["rollback.commit"]! }));
}
