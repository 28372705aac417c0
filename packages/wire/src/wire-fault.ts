import { ServiceError } from "@tidewire/foundation";

/** Stands in the place of a u32 length or count: the optional value is not there. */
export const ABSENT = 0xffff_ffff;

/** Nothing is larger than one link frame; see FORMAT.md. */
export const MESSAGE_MAX_BYTES = 16 * 1024 * 1024;

/** The bytes are no such message. Always the sender's mistake, so never `internal`. */
export function malformed(field: string, reason: string): ServiceError {
  return new ServiceError("invalid_argument", `${field}: ${reason}`, { details: { parameter: field, reason } });
}

/** A value that may not be sent, or may not have been sent: wrong type, out of range, too long. */
export function outOfBounds(field: string, expected: string): ServiceError {
  return malformed(field, `must be ${expected}`);
}

export function truncated(): ServiceError {
  return malformed("message", "ends too early");
}
