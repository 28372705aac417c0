import type { LogShard } from "@tidewire/log-engine";
import { StartError } from "@tidewire/service";

/** Which shard a process keeps: as it is told, or by the number of its pod. */
export function shardOfNode(
  settings: { readonly index?: number | undefined; readonly count: number },
  nodeId: string,
): LogShard {
  const { count } = settings;
  if (count === 1 && settings.index === undefined) return { index: 0, count };
  const index = settings.index ?? ordinalOf(nodeId);
  if (index === undefined) {
    throw new StartError(`set storage.shard.index: node.id ${nodeId} does not end in a number to take it from`, 2);
  }
  if (index >= count) {
    throw new StartError(`storage.shard.index is ${index}, but with ${count} shards the last one is ${count - 1}`, 2);
  }
  return { index, count };
}

/** `log-storage-2` is 2. */
function ordinalOf(nodeId: string): number | undefined {
  const match = /-(\d{1,4})$/.exec(nodeId);
  return match === null ? undefined : Number(match[1]);
}
