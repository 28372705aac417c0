/** What a worker thread of the log runs: a file of its own in every bundle that opens a log with threads. */
import { type MessagePort, parentPort } from "node:worker_threads";
import { serveIo } from "./serve-io.ts";

serveIo(parentPort as MessagePort);
