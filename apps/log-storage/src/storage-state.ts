import type { LogShard } from "@tidewire/log-engine";

/** Whether a log takes writes, and if not, where it has gone. */
export interface LogSeal {
  readonly isSealed: boolean;
  /** For people; empty if it is not known. */
  readonly movedTo: string;
}

/** What log storage knows about its log beside the log itself. Survives restarts. */
export interface StorageState {
  readonly shard: LogShard;
  readonly seal: LogSeal;
  /** Resolves when it is durable. Throws `unsupported` where it cannot be. */
  setSeal(seal: LogSeal): Promise<void>;
  /**
   * Where several processes share one log: calls back when any of them has set the seal. What the listener returns
   * resolves when this process has ended the writes that were under way.
   */
  onSeal?(listener: (seal: LogSeal) => Promise<void> | void): void;
}
