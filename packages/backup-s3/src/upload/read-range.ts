import { access, type FileHandle, open } from "node:fs/promises";
import type { ByteRate } from "./byte-rate.ts";

/** Read, and later hashed, in pieces this small, so that nothing else in the process waits long. */
export const PIECE_BYTES = 256 * 1024;

/**
 * A range of a file that does not change while it has its name. Throws if the file ends before, or has lost the name
 * meanwhile: a log segment that was let go of is written over after that.
 */
export async function readRange(path: string, from: number, to: number, rate: ByteRate): Promise<Buffer> {
  const file = await open(path, "r");
  try {
    const bytes = await readPieces(file, path, from, to, rate);
    await access(path);
    return bytes;
  } finally {
    await file.close();
  }
}

async function readPieces(file: FileHandle, path: string, from: number, to: number, rate: ByteRate): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(to - from);
  for (let done = 0; done < bytes.length; ) {
    const wanted = Math.min(PIECE_BYTES, bytes.length - done);
    await rate.take(wanted);
    const { bytesRead } = await file.read(bytes, done, wanted, from + done);
    if (bytesRead === 0) throw new Error(`${path} ends at ${from + done}, before ${to}`);
    done += bytesRead;
  }
  return bytes;
}
