import { type ErrorDetails, ServiceError } from "@tidewire/foundation";
import { isArray, type JsonObject, type JsonValue, own } from "./json.ts";

/** One step of `@o`: an element key, or an inclusive range of positions in the list before this delta. */
export type OrderEntry = string | readonly [from: number, to: number];

export interface FrameHead {
  readonly seq: number;
  readonly hash: string | undefined;
}

const HASH_PATTERN = /^[0-9a-f]{16}$/;

/** The one way a frame is refused. `reason` is stable; the text is for people. */
export function malformed(reason: string, message: string, details: ErrorDetails = {}): ServiceError {
  return new ServiceError("invalid_argument", `malformed delta: ${message}`, { details: { reason, ...details } });
}

/** `@s` and `@h` of a frame's root. */
export function frameHead(frame: JsonObject): FrameHead {
  const seq = own(frame, "@s");
  if (typeof seq !== "number" || !Number.isSafeInteger(seq) || seq < 0) {
    throw malformed("seq", "@s must be an integer that is not negative");
  }
  const hash = own(frame, "@h");
  if (hash !== undefined && (typeof hash !== "string" || !HASH_PATTERN.test(hash))) {
    throw malformed("hash", "@h must be 16 lower-case hex digits");
  }
  return { seq, hash };
}

/** The user's fields of a patch. Throws for a reserved key that has no meaning at this place. */
export function fieldsOf(patch: JsonObject, isRoot: boolean): string[] {
  const keys = Object.keys(patch);
  let reservedCount = 0;
  for (const key of keys) {
    if (key.charCodeAt(0) !== 64 /* @ */) continue;
    const isKnown = key === "@r" || (isRoot ? key === "@s" || key === "@h" : key === "@o");
    if (!isKnown) throw malformed("reserved_key", "a reserved key that means nothing here", { key });
    reservedCount++;
  }
  return reservedCount === 0 ? keys : keys.filter((key) => key.charCodeAt(0) !== 64);
}

/** Whether the patch carries `@r`, and so replaces instead of merging. */
export function isReplacement(patch: JsonObject): boolean {
  const marker = own(patch, "@r");
  if (marker !== undefined && marker !== true) throw malformed("replace", "@r can only be true");
  return marker === true;
}

/** `@o`, checked in shape but not against any list. */
export function orderOf(patch: JsonObject): readonly OrderEntry[] | undefined {
  const order = own(patch, "@o");
  if (order === undefined) return undefined;
  if (!isArray(order)) throw malformed("order", "@o must be an array");
  for (const entry of order)
    if (typeof entry !== "string" && !isRange(entry)) throw malformed("order", "bad entry in @o");
  return order as readonly OrderEntry[];
}

function isRange(entry: JsonValue): boolean {
  if (!isArray(entry) || entry.length !== 2) return false;
  const [from, to] = entry;
  return (
    Number.isSafeInteger(from) &&
    Number.isSafeInteger(to) &&
    (from as number) >= 0 &&
    (from as number) <= (to as number)
  );
}
