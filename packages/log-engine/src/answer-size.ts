import { MESSAGE_MAX_BYTES } from "@tidewire/wire";
import type { LogRead, LogRecord } from "./log-engine.ts";

/** Left for everything in an answer that is no payload. */
const ENVELOPE_BYTES = 64 * 1024;
/** What stands before the payload of one record, with room to spare. */
const RECORD_BYTES = 32;

/**
 * Of an answer to `open` and `read`, its snapshot apart. Whoever serves a log has one thread: to encode 16 MiB of records at
 * once would keep all its other documents waiting for some 25 ms, and a long tail is read in parts just as well.
 */
export const TAIL_MAX_BYTES = 2 * 1024 * 1024;

/**
 * As much of an answer as one message carries: the snapshot, then records from the oldest on, at least one of something.
 * What is cut off can be read after the last seq that is in.
 */
export function fitting(read: LogRead, maxBytes: number = MESSAGE_MAX_BYTES - ENVELOPE_BYTES): LogRead {
  const { snapshot, deletion } = read;
  // Alone in its answer, and a record always fits.
  if (deletion !== undefined) return { patches: [], deletion };
  let bytes = snapshot === undefined ? 0 : sizeOf(snapshot);
  const patches: LogRecord[] = [];
  for (const patch of read.patches) {
    bytes += sizeOf(patch);
    if (bytes > maxBytes && (patches.length > 0 || snapshot !== undefined)) break;
    patches.push(patch);
  }
  return snapshot === undefined ? { patches } : { snapshot, patches };
}

function sizeOf(record: LogRecord): number {
  return RECORD_BYTES + record.data.length;
}
