/** What a worker thread of the log runs: a file of its own in every bundle that opens a log with threads. */
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { IoDesk } from "./io-desk.ts";
import type { IoWorkerData } from "./io-request.ts";
import { serveDesk } from "./serve-desk.ts";
import { serveIo } from "./serve-io.ts";

const port = parentPort as MessagePort;
const { desk } = workerData as IoWorkerData;
if (desk === undefined) serveIo(port);
else serveDesk(port, new IoDesk(desk));
