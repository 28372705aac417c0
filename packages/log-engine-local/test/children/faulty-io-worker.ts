import { existsSync, readFileSync, unlinkSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { IoDesk } from "../../src/threads/io-desk.ts";
import type { IoWorkerData } from "../../src/threads/io-request.ts";
import { performOperation, type SyncOperation } from "../../src/threads/perform-operation.ts";
import { serveDesk } from "../../src/threads/serve-desk.ts";
import { serveIo } from "../../src/threads/serve-io.ts";

/** As the real one, until a file beside it says in which of the threads the next write goes wrong, and how. */
const planned = fileURLToPath(new URL("./fault", import.meta.url));
const late = fileURLToPath(new URL("./late", import.meta.url));
const port = parentPort as MessagePort;
const { desk } = workerData as IoWorkerData;

function perform(operation: SyncOperation): void {
  const fault = operation.kind === "write" && existsSync(planned) ? readFileSync(planned, "utf8") : "";
  if (fault.startsWith(desk === undefined ? "store" : "log")) {
    unlinkSync(planned);
    if (fault.endsWith("die")) process.exit(3);
    // Never woken: a thread inside a system call that does not come back.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  }
  performOperation(operation);
}

// As on a machine that is too busy to start threads.
if (existsSync(late)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(readFileSync(late, "utf8")));
if (desk === undefined) serveIo(port, perform);
else serveDesk(port, new IoDesk(desk), perform);
