import * as fs from "node:fs";
import type { ReadableFile, ReadableFiles } from "../files/file-system.ts";

/** Files for reading, by calls that block the thread. Before each read others of the thread get their turn. */
export class SyncFileSystem implements ReadableFiles {
  async open(path: string): Promise<ReadableFile> {
    const descriptor = fs.openSync(path, fs.constants.O_RDONLY);
    return {
      read: async (buffer, offset, length, position) => {
        await new Promise((resolve) => {
          setImmediate(resolve);
        });
        return fs.readSync(descriptor, buffer, offset, length, position);
      },
      close: async () => fs.closeSync(descriptor),
    };
  }
}
