import type { DocumentName } from "@tidewire/foundation";

/** Spaces and keys are ASCII, so the order of code units is the order of bytes. */
export function compareNames(a: DocumentName, b: DocumentName): number {
  if (a.space !== b.space) return a.space < b.space ? -1 : 1;
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
}

/** Where in a sorted list the names behind this one begin. */
export function firstAfter(names: readonly DocumentName[], after: DocumentName): number {
  let low = 0;
  let high = names.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareNames(names[middle] as DocumentName, after) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
