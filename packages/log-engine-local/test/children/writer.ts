import { writeSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { type DocumentName, noLogger, noMetrics, SystemClock } from "@tidewire/foundation";
import { type LocalLogEngine, openLocalLogEngine } from "../../src/index.ts";
import { documents, killSettings, patchOf, SNAPSHOT_EVERY, stateOf } from "../support/kill-workload.ts";

/** Whole before it returns, also while the other end of the pipe does not read. */
function say(line: string): void {
  const bytes = Buffer.from(`${line}\n`);
  for (let done = 0; done < bytes.length; ) {
    try {
      done += writeSync(1, bytes, done);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}

/** Writes to the log in the folder given, says on standard output what was acknowledged, and goes on until it is killed. */
async function write(engine: LocalLogEngine, document: DocumentName): Promise<never> {
  const { epoch, seq: head } = await engine.open(document, "writer");
  for (let seq = head + 1; ; seq++) {
    const data = Buffer.from(patchOf(document.key, seq));
    await engine.append(document, { epoch, expectedSeq: seq - 1, seq, data });
    say(`${document.key} ${seq}`);
    if (seq % SNAPSHOT_EVERY !== 0) continue;
    await engine.snapshot(document, { epoch, seq, data: Buffer.from(stateOf(document.key, seq)) });
    say(`${document.key} ${seq} snapshot`);
  }
}

// The timers of the log keep no process alive: a service has its sockets for that.
setInterval(() => {}, 1_000);
const ioWorker = process.argv[3] === undefined ? {} : { ioWorker: pathToFileURL(process.argv[3]) };
const engine = await openLocalLogEngine(killSettings(process.argv[2]!), {
  ...ioWorker,
  clock: new SystemClock(),
  logger: noLogger,
  metrics: noMetrics,
});
say("open");
await Promise.all(documents.map((document) => write(engine, document)));
