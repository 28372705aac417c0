import { MESSAGE_MAX_BYTES } from "@tidewire/wire";
import type { LogRead, LogRecord } from "./log-engine.ts";

/** Left for everything in an answer that is no payload. */
const ENVELOPE_BYTES = 64 * 1024;
/** What stands before the payload of one record, with room to spare. */
const RECORD_BYTES = 32;

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
