import type { DocumentName } from "@tidewire/foundation";
import { compareNames } from "@tidewire/log-engine";

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
