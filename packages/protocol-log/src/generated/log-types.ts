// Generated from log.xml, digest 9bf3b419cfe54a31. Do not edit; run codegen.

export interface Empty {
}

export interface OpenRequest {
  readonly space: string;
  readonly key: string;
  /** Node id of the host that takes the next epoch. */
  readonly owner: string;
}

export interface Snapshot {
  readonly seq: number;
  readonly data: Uint8Array;
}

export interface Patch {
  /** The sequence number the patch leads to. */
  readonly seq: number;
  readonly data: Uint8Array;
}

export interface OpenResponse {
  readonly epoch: number;
  /** Head of the log; 0 if nothing was ever written. */
  readonly seq: number;
  readonly isDeleted: boolean;
  readonly snapshot?: Snapshot | undefined;
  readonly patches: readonly Patch[];
}

export interface AppendRequest {
  readonly space: string;
  readonly key: string;
  readonly epoch: number;
  readonly expectedSeq: number;
  readonly seq: number;
  /** Wall clock, ms: when the document's next durable timer is due. */
  readonly wakeAt?: number | undefined;
  /** The document is gone with this record; its seq goes on. */
  readonly deletes: boolean;
  readonly data: Uint8Array;
}

export interface SnapshotRequest {
  readonly space: string;
  readonly key: string;
  readonly epoch: number;
  readonly seq: number;
  readonly data: Uint8Array;
}

export interface ReleaseRequest {
  readonly space: string;
  readonly key: string;
  readonly epoch: number;
}

export interface ReadRequest {
  readonly space: string;
  readonly key: string;
  readonly afterSeq: number;
  readonly limit: number;
}

export interface ReadResponse {
  /** Present when patches right after afterSeq are not kept any more. */
  readonly snapshot?: Snapshot | undefined;
  readonly patches: readonly Patch[];
}

export interface ListRequest {
  readonly space: string;
  readonly afterKey?: string | undefined;
  readonly limit: number;
}

export interface ListedDocument {
  readonly key: string;
  readonly seq: number;
}

export interface ListResponse {
  readonly documents: readonly ListedDocument[];
}

export interface DueRequest {
  /** Wall clock, ms. */
  readonly before: number;
  readonly limit: number;
}

export interface DueDocument {
  readonly space: string;
  readonly key: string;
  readonly wakeAt: number;
}

export interface DueResponse {
  readonly documents: readonly DueDocument[];
}

export interface WatchRequest {
  readonly owner: string;
}

export interface Fenced {
  readonly space: string;
  readonly key: string;
  /** The epoch that took over. */
  readonly epoch: number;
}
