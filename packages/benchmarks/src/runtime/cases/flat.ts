import { type CaseFigures, type CaseOptions, derive, shrunk } from "../case-figures.ts";
import { Touches } from "../item.ts";
import { measurePairs, variant } from "../measure-pairs.ts";
import { DocumentType, type OpenDocument } from "../open-document.ts";
import { sharedRecords } from "../record-documents.ts";

/**
 * Does a message cost the same in a large document? The set of records that change is the same in both sizes: with more of
 * them it is the processor's caches that are measured.
 */
export function flat(options: CaseOptions): CaseFigures {
  const type = new DocumentType(sharedRecords);
  const large = shrunk(100_000, options);
  const middle = shrunk(1_000, options);
  const documents: OpenDocument[] = [];
  const cell = (name: string, records: number, hot: number) => {
    const document = type.open(records, new Touches(Math.min(hot, records)));
    document.view(1);
    documents.push(document);
    return variant(name, () => document.step());
  };
  const pairs = measurePairs(
    [
      cell("flat.10hot.10", 10, 10),
      cell("flat.10hot.100000", large, 10),
      cell("flat.1000hot.1000", middle, middle),
      cell("flat.1000hot.100000", large, middle),
      cell("flat.random.100000", large, large),
    ],
    options,
  );
  for (const document of documents) document.verify();
  return derive(pairs, (pair) => ({
    "flat.10hot.ratio": pair["flat.10hot.100000"]! / pair["flat.10hot.10"]!,
    "flat.1000hot.ratio": pair["flat.1000hot.100000"]! / pair["flat.1000hot.1000"]!,
    "flat.random.ratio": pair["flat.random.100000"]! / pair["flat.10hot.10"]!,
  }));
}
