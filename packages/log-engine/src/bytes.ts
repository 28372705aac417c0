import type { LogInstall, LogRecord } from "./log-engine.ts";

/** Bytes that stay what they are when the caller's buffer changes. Not `slice`: that of a `Buffer` is a view. */
export function ownBytes(data: Uint8Array): Uint8Array {
  return new Uint8Array(data);
}

/** A record alone, with bytes of its own. */
export function copyOf({ seq, data }: LogRecord): LogRecord {
  return { seq, data: ownBytes(data) };
}

/** A part of a document with bytes of its own. */
export function copyOfPart(part: LogInstall): LogInstall {
  const { snapshot, deletion, patches } = part;
  return {
    ...part,
    patches: patches.map(copyOf),
    ...(snapshot === undefined ? {} : { snapshot: copyOf(snapshot) }),
    ...(deletion === undefined ? {} : { deletion: copyOf(deletion) }),
  };
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return false;
  return true;
}
