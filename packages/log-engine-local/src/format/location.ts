/**
 * A place in the store as one number: segment id and offset. Ids are given to log and snapshot segments from one
 * counter, so a location names the file as well.
 */
const OFFSET_SPAN = 2 ** 28;

/** No segment may become larger: its offsets would not fit. */
export const SEGMENT_LIMIT_BYTES = OFFSET_SPAN;

export function locationOf(segmentId: number, offset: number): number {
  return segmentId * OFFSET_SPAN + offset;
}

export function segmentOf(location: number): number {
  return Math.floor(location / OFFSET_SPAN);
}

export function offsetOf(location: number): number {
  return location % OFFSET_SPAN;
}
