import { parseArgs } from "node:util";
import { type CaseName, runtimeCases } from "./runtime-cases.ts";

/** One case, measured alone in this process. The figures go to standard output as JSON. */
const { values } = parseArgs({
  options: {
    case: { type: "string" },
    pairs: { type: "string" },
    measureMs: { type: "string" },
    warmUpMs: { type: "string" },
    shrink: { type: "string", default: "1" },
  },
});
const figures = await runtimeCases[values.case as CaseName]({
  pairs: Number(values.pairs),
  measureMs: Number(values.measureMs),
  warmUpMs: Number(values.warmUpMs),
  shrink: Number(values.shrink),
});
process.stdout.write(JSON.stringify(figures));
