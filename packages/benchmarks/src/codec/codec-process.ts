import { parseArgs } from "node:util";
import { type CellFigures, cellName, type ProcessFigures } from "./codec-figures.ts";
import { type MessageCodec, type VariantName, variantNames } from "./codec-variant.ts";
import { sampleMessages, sampleNames, textKinds } from "./sample-messages.ts";
import { variants } from "./variants.ts";

/** One variant, measured alone in this process. The figures go to standard output as one JSON object. */
const { values } = parseArgs({ options: { variant: { type: "string" }, measureMs: { type: "string" } } });
const variant = variantNames.find((name) => name === values.variant) as VariantName;
const measureMs = Number(values.measureMs);

const SLICES = 7;
/** By then every library runs optimised code, also on a machine too busy for its clock to tell. */
const WARM_CALLS_MIN = 20_000;
/** Few enough messages that no collection falls between the two looks at the heap. */
const ALLOCATION_MESSAGES = 500;
const ALLOCATION_ROUNDS = 9;

const figures: Record<string, CellFigures> = {};
let checksum = 0;
for (const kind of textKinds) {
  const codecs = variants[variant](sampleMessages(kind));
  for (const name of sampleNames) {
    const codec = codecs[name];
    codec.verify();
    figures[cellName(name, kind)] = {
      encodeNs: nanosPerCall(codec.encode),
      decodeNs: nanosPerCall(codec.decode),
      bytes: codec.encode(),
      allocatedBytes: allocatedPerMessage(codec),
    };
  }
}
if (checksum === 0) throw new Error("nothing was measured");
process.stdout.write(JSON.stringify({ variant, figures } satisfies ProcessFigures));

/** CPU time of a call: half the time goes to warming up and finding the length of a slice, the rest to the slices. */
function nanosPerCall(call: () => number): number {
  const sliceMicros = (measureMs * 1_000) / (2 * SLICES);
  let calls = 64;
  let warmCalls = 0;
  let warmMicros = 0;
  for (let micros = 0; micros < sliceMicros || warmMicros < measureMs * 500 || warmCalls < WARM_CALLS_MIN; ) {
    micros = cpuMicros(call, calls);
    warmCalls += calls;
    warmMicros += micros;
    if (micros < sliceMicros) calls = Math.ceil(calls * Math.min(4, (1.1 * sliceMicros) / Math.max(micros, 1)));
  }
  const slices = Array.from({ length: SLICES }, () => cpuMicros(call, calls));
  slices.sort((a, b) => a - b);
  return (slices[SLICES >> 1]! * 1_000) / calls;
}

function cpuMicros(call: () => number, calls: number): number {
  const start = process.cpuUsage();
  for (let count = 0; count < calls; count++) checksum += call();
  const used = process.cpuUsage(start);
  return used.user + used.system;
}

function allocatedPerMessage(codec: MessageCodec): number {
  const samples: number[] = [];
  for (let round = 0; round < ALLOCATION_ROUNDS; round++) {
    globalThis.gc!();
    const before = process.memoryUsage();
    for (let count = 0; count < ALLOCATION_MESSAGES; count++) checksum += codec.encode() + codec.decode();
    const after = process.memoryUsage();
    const grown = after.heapUsed - before.heapUsed + after.arrayBuffers - before.arrayBuffers;
    samples.push(grown / ALLOCATION_MESSAGES);
  }
  samples.sort((a, b) => a - b);
  return Math.max(0, samples[ALLOCATION_ROUNDS >> 1]!);
}
