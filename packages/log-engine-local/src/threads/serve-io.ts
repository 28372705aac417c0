import * as fs from "node:fs";
import type { MessagePort } from "node:worker_threads";
import { systemCode } from "../files/file-system.ts";
import { StoreLayout } from "../format/layout.ts";
import { scanHistory } from "../history/history-scan.ts";
import { type IoAnswer, type IoOperation, type IoRequest, STARTED_ID } from "./io-request.ts";
import { SyncFileSystem } from "./sync-file-system.ts";

/**
 * The other side of `IoThread`: does what it is asked with calls that block this thread, one after the other, and uses
 * nothing of libuv's pool, which all of the process shares.
 */
export function serveIo(port: MessagePort): void {
  port.on("message", ({ id, operation }: IoRequest) => {
    if (operation.kind === "scanHistory") {
      void scan(operation).then(
        (result) => port.postMessage({ id, result } satisfies IoAnswer),
        (error: unknown) => port.postMessage(failed(id, error)),
      );
      return;
    }
    try {
      perform(operation);
      port.postMessage({ id, result: undefined } satisfies IoAnswer);
    } catch (error) {
      port.postMessage(failed(id, error));
    }
  });
  port.postMessage({ id: STARTED_ID, result: undefined } satisfies IoAnswer);
}

function perform(operation: Exclude<IoOperation, { readonly kind: "scanHistory" }>): void {
  switch (operation.kind) {
    case "write": {
      const { descriptor, bytes, position, isSynced } = operation;
      for (let done = 0; done < bytes.length; ) {
        const written = fs.writeSync(descriptor, bytes, done, bytes.length - done, position + done);
        if (written <= 0) throw Object.assign(new Error("the disk wrote nothing"), { code: "EIO" });
        done += written;
      }
      if (isSynced) fs.fdatasyncSync(descriptor);
      return;
    }
    case "sync":
      fs.fdatasyncSync(operation.descriptor);
      return;
    case "syncDirectory": {
      const descriptor = fs.openSync(operation.path, fs.constants.O_RDONLY);
      try {
        fs.fsyncSync(descriptor);
      } finally {
        fs.closeSync(descriptor);
      }
    }
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
