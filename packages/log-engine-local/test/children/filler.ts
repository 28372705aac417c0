import { noLogger, noMetrics, SystemClock } from "@tidewire/foundation";
import { defaultLogLimits } from "@tidewire/log-engine";
import { openLocalLogEngine } from "../../src/index.ts";
import { game, step, texts } from "../support/append-steps.ts";

/**
 * Appends under a limit on the size of files (`ulimit -f`) until the first refusal, then shows that reads go on and that
 * writing goes on in a new segment. The last line on standard output is the result.
 */
const engine = await openLocalLogEngine(
  {
    directory: process.argv[2]!,
    limits: { ...defaultLogLimits, recordMaxBytes: 64 * 1024 },
    batchMaxBytes: 64 * 1024,
    retryMs: 20,
  },
  { clock: new SystemClock(), logger: noLogger, metrics: noMetrics },
);
const { epoch } = await engine.open(game, "filler");
const data = Buffer.alloc(60 * 1024, "f");
let committed = 0;
let refusal: unknown;
while (refusal === undefined) {
  await engine.append(game, step(epoch, committed, { data })).then(
    () => committed++,
    (error: unknown) => {
      refusal = error;
    },
  );
}
const readable = (await texts(engine, game)).length;
while (engine.status.failure !== undefined) {
  await new Promise((resolve) => {
    setTimeout(resolve, 10);
  });
}
await engine.append(game, step(epoch, committed, { data }));
const { code, details } = refusal as { readonly code: string; readonly details: unknown };
const { seq } = await engine.open(game, "filler");
await engine.close();
process.stdout.write(`${JSON.stringify({ committed, readable, code, details, seq })}\n`);
