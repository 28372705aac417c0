import type { MessagePort } from "node:worker_threads";
import { systemCode } from "../files/file-system.ts";
import { StoreLayout } from "../format/layout.ts";
import { scanHistory } from "../history/history-scan.ts";
import { type IoAnswer, type IoOperation, type IoRequest, STARTED_ID } from "./io-request.ts";
import { performOperation } from "./perform-operation.ts";
import { SyncFileSystem } from "./sync-file-system.ts";

/**
 * The other side of `IoThread`: does what it is asked with calls that block this thread, one after the other, and uses
 * nothing of libuv's pool, which all of the process shares.
 */
export function serveIo(port: MessagePort, perform = performOperation): void {
  port.on("message", ({ id, operation }: IoRequest) => {
    if (operation.kind !== "scanHistory") {
      port.postMessage(answerTo(id, () => perform(operation)));
      return;
    }
    void scan(operation).then(
      (result) => port.postMessage({ id, result } satisfies IoAnswer),
      (error: unknown) => port.postMessage(failed(id, error)),
    );
  });
  port.postMessage(STARTED_ID satisfies IoAnswer);
}

export function answerTo(id: number, work: () => void): IoAnswer {
  try {
    work();
    return id;
  } catch (error) {
    return failed(id, error);
  }
}

function scan(operation: Extract<IoOperation, { readonly kind: "scanHistory" }>): Promise<unknown> {
  const { directory, storeId, query } = operation;
  return scanHistory({ fileSystem: new SyncFileSystem(), layout: new StoreLayout(directory), storeId }, query);
}

function failed(id: number, error: unknown): IoAnswer {
  const { name, message } = error as Error;
  return { id, error: { name, message, code: systemCode(error) } };
}
