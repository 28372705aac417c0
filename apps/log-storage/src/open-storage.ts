import type { LogEngine } from "@tidewire/log-engine";
import type { StoreFiles } from "@tidewire/log-engine-local";
import type { ServiceContext } from "@tidewire/service";
import { openJetStreamStorage } from "./jetstream/open-jetstream-storage.ts";
import { openLocalStorage } from "./local/open-local-storage.ts";
import type { LogStorageSettings } from "./settings.ts";
import { shardOfNode } from "./shard-of-node.ts";
import type { StorageState } from "./storage-state.ts";

/** A log that is open, and what is kept beside it. */
export interface OpenedStorage {
  readonly engine: LogEngine;
  readonly state: StorageState;
  /** Of an engine that can be cut off from its log: `true`, or why no traffic should come now. */
  readonly readiness?: () => true | string;
  /** Of an engine that can be backed up by copying its files. */
  readonly files?: StoreFiles;
}

/** Opens the log, or says in one line (`StartError`) why that is impossible and what to do. */
export function openStorage(config: LogStorageSettings, context: ServiceContext): Promise<OpenedStorage> {
  const shard = shardOfNode(config.storage.shard, context.nodeId);
  switch (config.storage.engine) {
    case "local":
      return openLocalStorage(config.storage, shard, context);
    case "jetstream":
      return openJetStreamStorage(config.nats, shard, context);
  }
}
