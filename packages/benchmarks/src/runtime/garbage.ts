import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as (options?: { readonly type: "minor" }) => void;

export function collectYoung(): void {
  collect({ type: "minor" });
}

/** Bytes in use on the heap and in buffers, after a full collection. */
export function bytesInUse(): number {
  // The second takes what the first only unlinked: weak references and what finalizers held.
  collect();
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
