import type { DocumentName } from "@tidewire/foundation";

/** Names are ASCII, so the order of code units is the order of bytes. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** By space, then key: not the order of their joined paths, where a dash comes before the slash. */
export function compareNames(a: DocumentName, b: DocumentName): number {
  return compareText(a.space, b.space) || compareText(a.key, b.key);
}
