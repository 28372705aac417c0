import type { DocumentRuntime } from "@tidewire/document";
import type { DocumentName, Logger } from "@tidewire/foundation";
import type { PipelineModules } from "./command-pipeline.ts";
import type { ViewersModules } from "./document-viewers.ts";
import type { CopyAllowance } from "./durable-copy.ts";
import type { Quarantine } from "./quarantine.ts";
import type { SnapshotAllowance } from "./snapshot-writer.ts";
import type { TurnScheduler } from "./turn-scheduler.ts";

/**
 * - `loading`: its epoch is being taken, or its state built;
 * - `active`: memory equals the log;
 * - `appending`: memory is ahead of the log by one batch, of which nobody outside may see anything;
 * - `fenced`: another host took the epoch, and the table still names this one: it will be taken again;
 * - `handing-over`: what is in flight ends, nothing new begins, then the epoch is released;
 * - `closed`: for good; another actor may follow.
 */
export type ActorState = "loading" | "active" | "appending" | "fenced" | "handing-over" | "closed";

export type HandOverReason = "moved" | "drain" | "idle";

export interface ActorModules extends PipelineModules, ViewersModules {
  readonly runtime: DocumentRuntime;
  readonly nodeId: string;
  readonly scheduler: TurnScheduler;
  readonly quarantine: Quarantine;
  readonly copies: CopyAllowance;
  readonly snapshots: SnapshotAllowance;
  readonly logger: Logger;
  /** Whether the routing table names this host for the document now. */
  readonly owns: (document: DocumentName) => boolean;
}
