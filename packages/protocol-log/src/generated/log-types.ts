// Generated from log.xml, digest 905d24b90c0f0939. Do not edit; run codegen.

export interface Empty {
}

export interface OpenRequest {
  readonly space: string;
  readonly key: string;
  /** Node id of the host that takes the next epoch. */
  readonly owner: string;
  /** Of a document that does not exist no epoch is taken: not_found. */
  readonly ifExists?: boolean | undefined;
  /** Into how many shards the caller divides the documents; 1 unless given. */
  readonly shardCount?: number | undefined;
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
  /** The record that deleted the document, while it is kept; then nothing else is. */
  readonly deletion?: Patch | undefined;
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
  /** As in OpenResponse, if it is after afterSeq. */
  readonly deletion?: Patch | undefined;
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
  /** First of all an event with an empty space says that the watch has begun. Another one says that something may not have been told: ask for heads. */
  readonly confirm?: boolean | undefined;
}

export interface Fenced {
  readonly space: string;
  readonly key: string;
  /** The epoch that took over. */
  readonly epoch: number;
}

export interface Shard {
  readonly index: number;
  /** 1: the log is not divided. */
  readonly count: number;
}

export interface DescribeRequest {
}

export interface DescribeResponse {
  readonly shard: Shard;
  /** Writes are refused: the log is being moved elsewhere, or has been. */
  readonly isSealed: boolean;
  /** Where to, if it is sealed and that is known. */
  readonly movedTo: string;
  readonly engine: string;
}

export interface DocumentName {
  readonly space: string;
  readonly key: string;
}

export interface HeadsRequest {
  readonly documents: readonly DocumentName[];
}

export interface Head {
  /** The newest; 0 if the document was never opened. */
  readonly epoch: number;
  readonly seq: number;
  readonly isDeleted: boolean;
  readonly wakeAt?: number | undefined;
}

export interface HeadsResponse {
  /** One for each document asked for, in that order. */
  readonly heads: readonly Head[];
}

export interface SpacesRequest {
  readonly afterSpace?: string | undefined;
  readonly limit: number;
}

export interface SpacesResponse {
  readonly spaces: readonly string[];
}

export interface ReadAtRequest {
  readonly space: string;
  readonly key: string;
  /** This or beforeMs. */
  readonly seq?: number | undefined;
  /** Wall clock, ms. */
  readonly beforeMs?: number | undefined;
  /** Leave out the snapshot, and the patches up to this seq: they are known. */
  readonly afterSeq?: number | undefined;
}

export interface ReadAtResponse {
  /** Of the state as a whole, also where the message does not carry all of it. */
  readonly seq: number;
  readonly isDeleted: boolean;
  readonly snapshot?: Snapshot | undefined;
  readonly patches: readonly Patch[];
}

export interface DocumentsRequest {
  readonly after?: DocumentName | undefined;
  readonly limit: number;
}

export interface KnownDocument {
  readonly space: string;
  readonly key: string;
  readonly head: Head;
}

export interface DocumentsResponse {
  readonly documents: readonly KnownDocument[];
}

export interface InstallRequest {
  readonly space: string;
  readonly key: string;
  readonly epoch: number;
  /** What is stored is dropped; otherwise the patches follow it. */
  readonly replaces: boolean;
  /** Where the patches begin. */
  readonly afterSeq: number;
  /** The state at afterSeq. */
  readonly snapshot?: Snapshot | undefined;
  readonly patches: readonly Patch[];
  readonly wakeAt?: number | undefined;
  readonly isDeleted: boolean;
  /** The record that deleted the document, at afterSeq. */
  readonly deletion?: Patch | undefined;
}

export interface SealRequest {
  readonly isSealed: boolean;
  /** Addresses, for those who read the refusals; may be empty. */
  readonly movedTo: string;
}
