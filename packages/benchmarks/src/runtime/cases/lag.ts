import { type CaseFigures, type CaseOptions, derive, shrunk } from "../case-figures.ts";
import { Touches } from "../item.ts";
import { cpuMicrosSince, measurePairs, type Variant } from "../measure-pairs.ts";
import { author, DocumentType, type OpenDocument, touchTwoCommand } from "../open-document.ts";
import { sharedRecords } from "../record-documents.ts";

/** One delivery is too short for a clock, so that many documents catch up in a row. */
const FLEET = 100;
const BEHIND = 100;
const HOT = 20;
/** Sweeps through the fleet per measurement; a viewer one commit behind needs more of them for the same time. */
const SWEEPS = 10;

/** A viewer that is a hundred commits behind gets one merged delta: what does it cost, and how large is it? */
export function lag(options: CaseOptions): CaseFigures {
  const type = new DocumentType(sharedRecords);
  const records = Math.max(HOT, shrunk(1_000, options));
  const fleet = Array.from({ length: shrunk(FLEET, options) }, () => {
    const document = type.open(records, new Touches(HOT));
    document.view(1);
    return document;
  });
  const sweeps = Math.max(1, Math.ceil(SWEEPS / options.shrink));
  const pairs = measurePairs(
    [catchUp("lag.1", fleet, 1, sweeps * 5), catchUp("lag.100", fleet, BEHIND, sweeps)],
    options,
  );
  for (const document of fleet) document.verify();
  const bytes = (behind: number): number => {
    const [document] = fleet;
    const before = document!.frameBytes;
    fallBehind(document!, behind);
    document!.deliver();
    return document!.frameBytes - before;
  };
  const sizes = {
    "lag.1.bytes": bytes(1),
    "lag.100.bytes": bytes(BEHIND),
    "lag.snapshot.bytes": fleet[0]!.instance.view(author).json.length,
  };
  return derive(pairs, (pair) => ({
    ...sizes,
    "lag.time.ratio": pair["lag.100"]! / pair["lag.1"]!,
    "lag.bytes.ratio": sizes["lag.100.bytes"] / sizes["lag.snapshot.bytes"],
  }));
}

/** The cost of a delivery; commits and patches in between are not counted. */
function catchUp(name: string, fleet: readonly OpenDocument[], behind: number, sweeps: number): Variant {
  return {
    name,
    calls: sweeps * fleet.length,
    measure: () => {
      let micros = 0;
      for (let sweep = 0; sweep < sweeps; sweep++) {
        for (const document of fleet) fallBehind(document, behind);
        const start = process.cpuUsage();
        for (const document of fleet) document.deliver();
        micros += cpuMicrosSince(start);
      }
      return micros;
    },
  };
}

function fallBehind(document: OpenDocument, commits: number): void {
  for (let commit = 0; commit < commits; commit++) document.commit(touchTwoCommand);
  document.takePatch();
}
