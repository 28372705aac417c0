import * as fs from "node:fs";
import type { IoOperation } from "./io-request.ts";

export type SyncOperation = Exclude<IoOperation, { readonly kind: "scanHistory" }>;

/** With calls that block the thread. Throws the error of the system call. */
export function performOperation(operation: SyncOperation): void {
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
