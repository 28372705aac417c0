import { type CaseFigures, type CaseOptions, derive, shrunk } from "../case-figures.ts";
import { CHANGES, changeItem, newItem, Touches } from "../item.ts";
import { measurePairs, variant } from "../measure-pairs.ts";
import { DocumentType, failCommand, rejectCommand, throwCommand } from "../open-document.ts";
import { sharedRecords } from "../record-documents.ts";

/**
 * A handler that throws after its changes against one that does not; both end before the patch. What a rollback costs is seen
 * where the error was made before. Beside it a handler that rejects, and one that makes its error: most of an `Error` is its
 * stack, which the author's code pays for wherever it makes one, so what that costs by itself is measured, too.
 */
export function rollback(options: CaseOptions): CaseFigures {
  const type = new DocumentType(sharedRecords);
  const records = shrunk(1_000, options);
  const open = () => type.open(records, new Touches(records));
  const [committing, throwing, failing, rejecting] = [open(), open(), open(), open()];
  const item = newItem(0);
  let tick = 0;
  const pairs = measurePairs(
    [
      variant("rollback.commit", () => committing.commit()),
      variant("rollback.throw", () => throwing.refuse(throwCommand)),
      variant("rollback.throwNew", () => failing.refuse(failCommand)),
      variant("rollback.reject", () => rejecting.refuse(rejectCommand)),
      variant("rollback.bareThrow", () => {
        try {
          tick++;
          for (let change = 0; change < CHANGES; change++) changeItem(item, change, tick);
          throw new Error("refused after the changes");
        } catch (thrown) {
          if (!(thrown instanceof Error)) throw thrown;
        }
      }),
    ],
    options,
  );
  return derive(pairs, (pair) => ({
    "rollback.ratio": pair["rollback.throw"]! / pair["rollback.commit"]!,
    "rollback.throwNew.ratio": pair["rollback.throwNew"]! / pair["rollback.commit"]!,
    "rollback.reject.ratio": pair["rollback.reject"]! / pair["rollback.commit"]!,
  }));
}
