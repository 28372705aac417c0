import type { Artifacts, BenchmarkResult } from "../benchmark.ts";
import { markdownTable, rounded } from "../shared/markdown-table.ts";
import { cellName } from "./codec-figures.ts";
import { variantNames } from "./codec-variant.ts";
import { sampleNames, textKinds } from "./sample-messages.ts";

/** Every cell: nanoseconds to encode and to decode, bytes, and what one of each allocates. */
export function codecArtifacts({ summary }: BenchmarkResult): Artifacts {
  const head = ["message", "text", "variant", "encode ns", "decode ns", "bytes", "allocated B", "generated / this"];
  const rows = sampleNames.flatMap((message) =>
    textKinds.flatMap((text) =>
      variantNames.map((variant) => {
        const cell = cellName(message, text);
        const of = (figure: string): string => rounded(summary[`${cell}.${variant}.${figure}`]!);
        const ratio = summary[`ratio.${cell}.${variant}`];
        const figures = [of("encodeNs"), of("decodeNs"), of("bytes"), of("allocatedBytes")];
        return [message, text, variant, ...figures, ratio === undefined ? "1" : rounded(ratio)];
      }),
    ),
  );
  return { tables: markdownTable(head, rows) };
}
