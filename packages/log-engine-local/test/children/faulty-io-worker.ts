import { existsSync, readFileSync, unlinkSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type MessagePort, parentPort } from "node:worker_threads";
import { serveIo } from "../../src/threads/serve-io.ts";

/** As the real one, until a file beside it says what is to go wrong with the next write. */
const planned = fileURLToPath(new URL("./fault", import.meta.url));
const late = fileURLToPath(new URL("./late", import.meta.url));
const port = parentPort as MessagePort;

port.on("message", (request: { readonly operation: { readonly kind: string } }) => {
  if (request.operation.kind !== "write" || !existsSync(planned)) return;
  const fault = readFileSync(planned, "utf8");
  unlinkSync(planned);
  if (fault === "die") process.exit(3);
  // Never woken: a thread inside a system call that does not come back.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
});
// As on a machine that is too busy to start threads.
if (existsSync(late)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(readFileSync(late, "utf8")));
serveIo(port);
