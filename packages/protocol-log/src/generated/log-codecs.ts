// Generated from log.xml, digest 905d24b90c0f0939. Do not edit; run codegen.
import type { Codec, Reader, Writer } from "@tidewire/wire";
import type {
  AppendRequest,
  DescribeRequest,
  DescribeResponse,
  DocumentName,
  DocumentsRequest,
  DocumentsResponse,
  DueDocument,
  DueRequest,
  DueResponse,
  Empty,
  Fenced,
  Head,
  HeadsRequest,
  HeadsResponse,
  InstallRequest,
  KnownDocument,
  ListRequest,
  ListResponse,
  ListedDocument,
  OpenRequest,
  OpenResponse,
  Patch,
  ReadAtRequest,
  ReadAtResponse,
  ReadRequest,
  ReadResponse,
  ReleaseRequest,
  SealRequest,
  Shard,
  Snapshot,
  SnapshotRequest,
  SpacesRequest,
  SpacesResponse,
  WatchRequest,
} from "./log-types.ts";

export function encodeEmpty(_writer: Writer, _message: Empty): void {
}

export function decodeEmpty(reader: Reader): Empty {
  reader.position = reader.end;
  return {};
}

export const EmptyCodec: Codec<Empty> = {
  name: "log.Empty",
  encode: encodeEmpty,
  decode: decodeEmpty,
};

export function encodeOpenRequest(writer: Writer, message: OpenRequest): void {
  writer.string(message.space, 63, "OpenRequest.space");
  writer.string(message.key, 511, "OpenRequest.key");
  writer.string(message.owner, 64, "OpenRequest.owner");
  if (message.ifExists === undefined) {
    writer.presence(false);
  } else {
    writer.presence(true);
    writer.putBool(writer.reserve(1), message.ifExists, "OpenRequest.ifExists");
  }
  if (message.shardCount === undefined) {
    writer.presence(false);
  } else {
    writer.presence(true);
    writer.putU32(writer.reserve(4), message.shardCount, "OpenRequest.shardCount");
  }
}

export function decodeOpenRequest(reader: Reader): OpenRequest {
  const space = reader.string(63, "OpenRequest.space");
  const key = reader.string(511, "OpenRequest.key");
  const owner = reader.string(64, "OpenRequest.owner");
  let ifExists: boolean | undefined = undefined;
  let shardCount: number | undefined = undefined;
  // Since version 2; an older sender ends before it.
  if (reader.position < reader.end) {
    ifExists = !reader.isPresent("OpenRequest.ifExists") ? undefined : reader.bool(reader.take(1), "OpenRequest.ifExists");
    shardCount = !reader.isPresent("OpenRequest.shardCount") ? undefined : reader.view.getUint32(reader.take(4), true);
  }
  reader.position = reader.end;
  return { space, key, owner, ifExists, shardCount };
}

export const OpenRequestCodec: Codec<OpenRequest> = {
  name: "log.OpenRequest",
  encode: encodeOpenRequest,
  decode: decodeOpenRequest,
};

export function encodeSnapshot(writer: Writer, message: Snapshot): void {
  const at1 = writer.reserve(8);
  writer.putU53(at1, message.seq, "Snapshot.seq");
  writer.bytes(message.data, 0, 16777216, "Snapshot.data");
}

export function decodeSnapshot(reader: Reader): Snapshot {
  const at1 = reader.take(8);
  const seq = reader.u53(at1, "Snapshot.seq");
  const data = reader.bytes(0, 16777216, "Snapshot.data");
  reader.position = reader.end;
  return { seq, data };
}

export const SnapshotCodec: Codec<Snapshot> = {
  name: "log.Snapshot",
  encode: encodeSnapshot,
  decode: decodeSnapshot,
};

export function encodePatch(writer: Writer, message: Patch): void {
  const at1 = writer.reserve(8);
  writer.putU53(at1, message.seq, "Patch.seq");
  writer.bytes(message.data, 0, 16777216, "Patch.data");
}

export function decodePatch(reader: Reader): Patch {
  const at1 = reader.take(8);
  const seq = reader.u53(at1, "Patch.seq");
  const data = reader.bytes(0, 16777216, "Patch.data");
  reader.position = reader.end;
  return { seq, data };
}

export const PatchCodec: Codec<Patch> = {
  name: "log.Patch",
  encode: encodePatch,
  decode: decodePatch,
};

export function encodeOpenResponse(writer: Writer, message: OpenResponse): void {
  const at1 = writer.reserve(17);
  writer.putU53(at1, message.epoch, "OpenResponse.epoch");
  writer.putU53(at1 + 8, message.seq, "OpenResponse.seq");
  writer.putBool(at1 + 16, message.isDeleted, "OpenResponse.isDeleted");
  if (message.snapshot === undefined) {
    writer.absent();
  } else {
    const at2 = writer.open();
    encodeSnapshot(writer, message.snapshot);
    writer.close(at2);
  }
  writer.count(message.patches.length, 65536, "OpenResponse.patches");
  for (const item of message.patches) {
    const at3 = writer.open();
    encodePatch(writer, item);
    writer.close(at3);
  }
  if (message.deletion === undefined) {
    writer.absent();
  } else {
    const at4 = writer.open();
    encodePatch(writer, message.deletion);
    writer.close(at4);
  }
}

export function decodeOpenResponse(reader: Reader): OpenResponse {
  const at1 = reader.take(17);
  const epoch = reader.u53(at1, "OpenResponse.epoch");
  const seq = reader.u53(at1 + 8, "OpenResponse.seq");
  const isDeleted = reader.bool(at1 + 16, "OpenResponse.isDeleted");
  let snapshot: Snapshot | undefined;
  if (!reader.isAbsent()) {
    const end1 = reader.enter("OpenResponse.snapshot");
    snapshot = decodeSnapshot(reader);
    reader.leave(end1);
  }
  const at2 = reader.count(65536, 4, "OpenResponse.patches");
  const at3: Patch[] = [];
  for (let index = 0; index < at2; index++) {
    const end2 = reader.enter("OpenResponse.patches");
    at3.push(decodePatch(reader));
    reader.leave(end2);
  }
  const patches = at3;
  let deletion: Patch | undefined = undefined;
  // Since version 2; an older sender ends before it.
  if (reader.position < reader.end) {
    if (!reader.isAbsent()) {
      const end3 = reader.enter("OpenResponse.deletion");
      deletion = decodePatch(reader);
      reader.leave(end3);
    }
  }
  reader.position = reader.end;
  return { epoch, seq, isDeleted, snapshot, patches, deletion };
}

export const OpenResponseCodec: Codec<OpenResponse> = {
  name: "log.OpenResponse",
  encode: encodeOpenResponse,
  decode: decodeOpenResponse,
};

export function encodeAppendRequest(writer: Writer, message: AppendRequest): void {
  writer.string(message.space, 63, "AppendRequest.space");
  writer.string(message.key, 511, "AppendRequest.key");
  const at1 = writer.reserve(24);
  writer.putU53(at1, message.epoch, "AppendRequest.epoch");
  writer.putU53(at1 + 8, message.expectedSeq, "AppendRequest.expectedSeq");
  writer.putU53(at1 + 16, message.seq, "AppendRequest.seq");
  if (message.wakeAt === undefined) {
    writer.presence(false);
  } else {
    writer.presence(true);
    writer.putU53(writer.reserve(8), message.wakeAt, "AppendRequest.wakeAt");
  }
  const at2 = writer.reserve(1);
  writer.putBool(at2, message.deletes, "AppendRequest.deletes");
  writer.bytes(message.data, 0, 16777216, "AppendRequest.data");
}

export function decodeAppendRequest(reader: Reader): AppendRequest {
  const space = reader.string(63, "AppendRequest.space");
  const key = reader.string(511, "AppendRequest.key");
  const at1 = reader.take(24);
  const epoch = reader.u53(at1, "AppendRequest.epoch");
  const expectedSeq = reader.u53(at1 + 8, "AppendRequest.expectedSeq");
  const seq = reader.u53(at1 + 16, "AppendRequest.seq");
  const wakeAt = !reader.isPresent("AppendRequest.wakeAt") ? undefined : reader.u53(reader.take(8), "AppendRequest.wakeAt");
  const at2 = reader.take(1);
  const deletes = reader.bool(at2, "AppendRequest.deletes");
  const data = reader.bytes(0, 16777216, "AppendRequest.data");
  reader.position = reader.end;
  return { space, key, epoch, expectedSeq, seq, wakeAt, deletes, data };
}

export const AppendRequestCodec: Codec<AppendRequest> = {
  name: "log.AppendRequest",
  encode: encodeAppendRequest,
  decode: decodeAppendRequest,
};

export function encodeSnapshotRequest(writer: Writer, message: SnapshotRequest): void {
  writer.string(message.space, 63, "SnapshotRequest.space");
  writer.string(message.key, 511, "SnapshotRequest.key");
  const at1 = writer.reserve(16);
  writer.putU53(at1, message.epoch, "SnapshotRequest.epoch");
  writer.putU53(at1 + 8, message.seq, "SnapshotRequest.seq");
  writer.bytes(message.data, 0, 16777216, "SnapshotRequest.data");
}

export function decodeSnapshotRequest(reader: Reader): SnapshotRequest {
  const space = reader.string(63, "SnapshotRequest.space");
  const key = reader.string(511, "SnapshotRequest.key");
  const at1 = reader.take(16);
  const epoch = reader.u53(at1, "SnapshotRequest.epoch");
  const seq = reader.u53(at1 + 8, "SnapshotRequest.seq");
  const data = reader.bytes(0, 16777216, "SnapshotRequest.data");
  reader.position = reader.end;
  return { space, key, epoch, seq, data };
}

export const SnapshotRequestCodec: Codec<SnapshotRequest> = {
  name: "log.SnapshotRequest",
  encode: encodeSnapshotRequest,
  decode: decodeSnapshotRequest,
};

export function encodeReleaseRequest(writer: Writer, message: ReleaseRequest): void {
  writer.string(message.space, 63, "ReleaseRequest.space");
  writer.string(message.key, 511, "ReleaseRequest.key");
  const at1 = writer.reserve(8);
  writer.putU53(at1, message.epoch, "ReleaseRequest.epoch");
}

export function decodeReleaseRequest(reader: Reader): ReleaseRequest {
  const space = reader.string(63, "ReleaseRequest.space");
  const key = reader.string(511, "ReleaseRequest.key");
  const at1 = reader.take(8);
  const epoch = reader.u53(at1, "ReleaseRequest.epoch");
  reader.position = reader.end;
  return { space, key, epoch };
}

export const ReleaseRequestCodec: Codec<ReleaseRequest> = {
  name: "log.ReleaseRequest",
  encode: encodeReleaseRequest,
  decode: decodeReleaseRequest,
};

export function encodeReadRequest(writer: Writer, message: ReadRequest): void {
  writer.string(message.space, 63, "ReadRequest.space");
  writer.string(message.key, 511, "ReadRequest.key");
  const at1 = writer.reserve(12);
  writer.putU53(at1, message.afterSeq, "ReadRequest.afterSeq");
  writer.putU32(at1 + 8, message.limit, "ReadRequest.limit");
}

export function decodeReadRequest(reader: Reader): ReadRequest {
  const space = reader.string(63, "ReadRequest.space");
  const key = reader.string(511, "ReadRequest.key");
  const at1 = reader.take(12);
  const afterSeq = reader.u53(at1, "ReadRequest.afterSeq");
  const limit = reader.view.getUint32(at1 + 8, true);
  reader.position = reader.end;
  return { space, key, afterSeq, limit };
}

export const ReadRequestCodec: Codec<ReadRequest> = {
  name: "log.ReadRequest",
  encode: encodeReadRequest,
  decode: decodeReadRequest,
};

export function encodeReadResponse(writer: Writer, message: ReadResponse): void {
  if (message.snapshot === undefined) {
    writer.absent();
  } else {
    const at1 = writer.open();
    encodeSnapshot(writer, message.snapshot);
    writer.close(at1);
  }
  writer.count(message.patches.length, 65536, "ReadResponse.patches");
  for (const item of message.patches) {
    const at2 = writer.open();
    encodePatch(writer, item);
    writer.close(at2);
  }
  if (message.deletion === undefined) {
    writer.absent();
  } else {
    const at3 = writer.open();
    encodePatch(writer, message.deletion);
    writer.close(at3);
  }
}

export function decodeReadResponse(reader: Reader): ReadResponse {
  let snapshot: Snapshot | undefined;
  if (!reader.isAbsent()) {
    const end1 = reader.enter("ReadResponse.snapshot");
    snapshot = decodeSnapshot(reader);
    reader.leave(end1);
  }
  const at1 = reader.count(65536, 4, "ReadResponse.patches");
  const at2: Patch[] = [];
  for (let index = 0; index < at1; index++) {
    const end2 = reader.enter("ReadResponse.patches");
    at2.push(decodePatch(reader));
    reader.leave(end2);
  }
  const patches = at2;
  let deletion: Patch | undefined = undefined;
  // Since version 2; an older sender ends before it.
  if (reader.position < reader.end) {
    if (!reader.isAbsent()) {
      const end3 = reader.enter("ReadResponse.deletion");
      deletion = decodePatch(reader);
      reader.leave(end3);
    }
  }
  reader.position = reader.end;
  return { snapshot, patches, deletion };
}

export const ReadResponseCodec: Codec<ReadResponse> = {
  name: "log.ReadResponse",
  encode: encodeReadResponse,
  decode: decodeReadResponse,
};

export function encodeListRequest(writer: Writer, message: ListRequest): void {
  writer.string(message.space, 63, "ListRequest.space");
  if (message.afterKey === undefined) {
    writer.absent();
  } else {
    writer.string(message.afterKey, 511, "ListRequest.afterKey");
  }
  const at1 = writer.reserve(4);
  writer.putU32(at1, message.limit, "ListRequest.limit");
}

export function decodeListRequest(reader: Reader): ListRequest {
  const space = reader.string(63, "ListRequest.space");
  const afterKey = reader.isAbsent() ? undefined : reader.string(511, "ListRequest.afterKey");
  const at1 = reader.take(4);
  const limit = reader.view.getUint32(at1, true);
  reader.position = reader.end;
  return { space, afterKey, limit };
}

export const ListRequestCodec: Codec<ListRequest> = {
  name: "log.ListRequest",
  encode: encodeListRequest,
  decode: decodeListRequest,
};

export function encodeListedDocument(writer: Writer, message: ListedDocument): void {
  writer.string(message.key, 511, "ListedDocument.key");
  const at1 = writer.reserve(8);
  writer.putU53(at1, message.seq, "ListedDocument.seq");
}

export function decodeListedDocument(reader: Reader): ListedDocument {
  const key = reader.string(511, "ListedDocument.key");
  const at1 = reader.take(8);
  const seq = reader.u53(at1, "ListedDocument.seq");
  reader.position = reader.end;
  return { key, seq };
}

export const ListedDocumentCodec: Codec<ListedDocument> = {
  name: "log.ListedDocument",
  encode: encodeListedDocument,
  decode: decodeListedDocument,
};

export function encodeListResponse(writer: Writer, message: ListResponse): void {
  writer.count(message.documents.length, 65536, "ListResponse.documents");
  for (const item of message.documents) {
    const at1 = writer.open();
    encodeListedDocument(writer, item);
    writer.close(at1);
  }
}

export function decodeListResponse(reader: Reader): ListResponse {
  const at1 = reader.count(65536, 4, "ListResponse.documents");
  const at2: ListedDocument[] = [];
  for (let index = 0; index < at1; index++) {
    const end1 = reader.enter("ListResponse.documents");
    at2.push(decodeListedDocument(reader));
    reader.leave(end1);
  }
  const documents = at2;
  reader.position = reader.end;
  return { documents };
}

export const ListResponseCodec: Codec<ListResponse> = {
  name: "log.ListResponse",
  encode: encodeListResponse,
  decode: decodeListResponse,
};

export function encodeDueRequest(writer: Writer, message: DueRequest): void {
  const at1 = writer.reserve(12);
  writer.putU53(at1, message.before, "DueRequest.before");
  writer.putU32(at1 + 8, message.limit, "DueRequest.limit");
}

export function decodeDueRequest(reader: Reader): DueRequest {
  const at1 = reader.take(12);
  const before = reader.u53(at1, "DueRequest.before");
  const limit = reader.view.getUint32(at1 + 8, true);
  reader.position = reader.end;
  return { before, limit };
}

export const DueRequestCodec: Codec<DueRequest> = {
  name: "log.DueRequest",
  encode: encodeDueRequest,
  decode: decodeDueRequest,
};

export function encodeDueDocument(writer: Writer, message: DueDocument): void {
  writer.string(message.space, 63, "DueDocument.space");
  writer.string(message.key, 511, "DueDocument.key");
  const at1 = writer.reserve(8);
  writer.putU53(at1, message.wakeAt, "DueDocument.wakeAt");
}

export function decodeDueDocument(reader: Reader): DueDocument {
  const space = reader.string(63, "DueDocument.space");
  const key = reader.string(511, "DueDocument.key");
  const at1 = reader.take(8);
  const wakeAt = reader.u53(at1, "DueDocument.wakeAt");
  reader.position = reader.end;
  return { space, key, wakeAt };
}

export const DueDocumentCodec: Codec<DueDocument> = {
  name: "log.DueDocument",
  encode: encodeDueDocument,
  decode: decodeDueDocument,
};

export function encodeDueResponse(writer: Writer, message: DueResponse): void {
  writer.count(message.documents.length, 65536, "DueResponse.documents");
  for (const item of message.documents) {
    const at1 = writer.open();
    encodeDueDocument(writer, item);
    writer.close(at1);
  }
}

export function decodeDueResponse(reader: Reader): DueResponse {
  const at1 = reader.count(65536, 4, "DueResponse.documents");
  const at2: DueDocument[] = [];
  for (let index = 0; index < at1; index++) {
    const end1 = reader.enter("DueResponse.documents");
    at2.push(decodeDueDocument(reader));
    reader.leave(end1);
  }
  const documents = at2;
  reader.position = reader.end;
  return { documents };
}

export const DueResponseCodec: Codec<DueResponse> = {
  name: "log.DueResponse",
  encode: encodeDueResponse,
  decode: decodeDueResponse,
};

export function encodeWatchRequest(writer: Writer, message: WatchRequest): void {
  writer.string(message.owner, 64, "WatchRequest.owner");
  if (message.confirm === undefined) {
    writer.presence(false);
  } else {
    writer.presence(true);
    writer.putBool(writer.reserve(1), message.confirm, "WatchRequest.confirm");
  }
}

export function decodeWatchRequest(reader: Reader): WatchRequest {
  const owner = reader.string(64, "WatchRequest.owner");
  let confirm: boolean | undefined = undefined;
  // Since version 2; an older sender ends before it.
  if (reader.position < reader.end) {
    confirm = !reader.isPresent("WatchRequest.confirm") ? undefined : reader.bool(reader.take(1), "WatchRequest.confirm");
  }
  reader.position = reader.end;
  return { owner, confirm };
}

export const WatchRequestCodec: Codec<WatchRequest> = {
  name: "log.WatchRequest",
  encode: encodeWatchRequest,
  decode: decodeWatchRequest,
};

export function encodeFenced(writer: Writer, message: Fenced): void {
  writer.string(message.space, 63, "Fenced.space");
  writer.string(message.key, 511, "Fenced.key");
  const at1 = writer.reserve(8);
  writer.putU53(at1, message.epoch, "Fenced.epoch");
}

export function decodeFenced(reader: Reader): Fenced {
  const space = reader.string(63, "Fenced.space");
  const key = reader.string(511, "Fenced.key");
  const at1 = reader.take(8);
  const epoch = reader.u53(at1, "Fenced.epoch");
  reader.position = reader.end;
  return { space, key, epoch };
}

export const FencedCodec: Codec<Fenced> = {
  name: "log.Fenced",
  encode: encodeFenced,
  decode: decodeFenced,
};

export function encodeShard(writer: Writer, message: Shard): void {
  const at1 = writer.reserve(8);
  writer.putU32(at1, message.index, "Shard.index");
  writer.putU32(at1 + 4, message.count, "Shard.count");
}

export function decodeShard(reader: Reader): Shard {
  const at1 = reader.take(8);
  const index_ = reader.view.getUint32(at1, true);
  const count = reader.view.getUint32(at1 + 4, true);
  reader.position = reader.end;
  return { index: index_, count };
}

export const ShardCodec: Codec<Shard> = {
  name: "log.Shard",
  encode: encodeShard,
  decode: decodeShard,
};

export function encodeDescribeRequest(_writer: Writer, _message: DescribeRequest): void {
}

export function decodeDescribeRequest(reader: Reader): DescribeRequest {
  reader.position = reader.end;
  return {};
}

export const DescribeRequestCodec: Codec<DescribeRequest> = {
  name: "log.DescribeRequest",
  encode: encodeDescribeRequest,
  decode: decodeDescribeRequest,
};

export function encodeDescribeResponse(writer: Writer, message: DescribeResponse): void {
  const at1 = writer.open();
  encodeShard(writer, message.shard);
  writer.close(at1);
  const at2 = writer.reserve(1);
  writer.putBool(at2, message.isSealed, "DescribeResponse.isSealed");
  writer.string(message.movedTo, 4096, "DescribeResponse.movedTo");
  writer.string(message.engine, 63, "DescribeResponse.engine");
}

export function decodeDescribeResponse(reader: Reader): DescribeResponse {
  const end1 = reader.enter("DescribeResponse.shard");
  const shard = decodeShard(reader);
  reader.leave(end1);
  const at1 = reader.take(1);
  const isSealed = reader.bool(at1, "DescribeResponse.isSealed");
  const movedTo = reader.string(4096, "DescribeResponse.movedTo");
  const engine = reader.string(63, "DescribeResponse.engine");
  reader.position = reader.end;
  return { shard, isSealed, movedTo, engine };
}

export const DescribeResponseCodec: Codec<DescribeResponse> = {
  name: "log.DescribeResponse",
  encode: encodeDescribeResponse,
  decode: decodeDescribeResponse,
};

export function encodeDocumentName(writer: Writer, message: DocumentName): void {
  writer.string(message.space, 63, "DocumentName.space");
  writer.string(message.key, 511, "DocumentName.key");
}

export function decodeDocumentName(reader: Reader): DocumentName {
  const space = reader.string(63, "DocumentName.space");
  const key = reader.string(511, "DocumentName.key");
  reader.position = reader.end;
  return { space, key };
}

export const DocumentNameCodec: Codec<DocumentName> = {
  name: "log.DocumentName",
  encode: encodeDocumentName,
  decode: decodeDocumentName,
};

export function encodeHeadsRequest(writer: Writer, message: HeadsRequest): void {
  writer.count(message.documents.length, 65536, "HeadsRequest.documents");
  for (const item of message.documents) {
    const at1 = writer.open();
    encodeDocumentName(writer, item);
    writer.close(at1);
  }
}

export function decodeHeadsRequest(reader: Reader): HeadsRequest {
  const at1 = reader.count(65536, 4, "HeadsRequest.documents");
  const at2: DocumentName[] = [];
  for (let index = 0; index < at1; index++) {
    const end1 = reader.enter("HeadsRequest.documents");
    at2.push(decodeDocumentName(reader));
    reader.leave(end1);
  }
  const documents = at2;
  reader.position = reader.end;
  return { documents };
}

export const HeadsRequestCodec: Codec<HeadsRequest> = {
  name: "log.HeadsRequest",
  encode: encodeHeadsRequest,
  decode: decodeHeadsRequest,
};

export function encodeHead(writer: Writer, message: Head): void {
  const at1 = writer.reserve(17);
  writer.putU53(at1, message.epoch, "Head.epoch");
  writer.putU53(at1 + 8, message.seq, "Head.seq");
  writer.putBool(at1 + 16, message.isDeleted, "Head.isDeleted");
  if (message.wakeAt === undefined) {
    writer.presence(false);
  } else {
    writer.presence(true);
    writer.putU53(writer.reserve(8), message.wakeAt, "Head.wakeAt");
  }
}

export function decodeHead(reader: Reader): Head {
  const at1 = reader.take(17);
  const epoch = reader.u53(at1, "Head.epoch");
  const seq = reader.u53(at1 + 8, "Head.seq");
  const isDeleted = reader.bool(at1 + 16, "Head.isDeleted");
  const wakeAt = !reader.isPresent("Head.wakeAt") ? undefined : reader.u53(reader.take(8), "Head.wakeAt");
  reader.position = reader.end;
  return { epoch, seq, isDeleted, wakeAt };
}

export const HeadCodec: Codec<Head> = {
  name: "log.Head",
  encode: encodeHead,
  decode: decodeHead,
};

export function encodeHeadsResponse(writer: Writer, message: HeadsResponse): void {
  writer.count(message.heads.length, 65536, "HeadsResponse.heads");
  for (const item of message.heads) {
    const at1 = writer.open();
    encodeHead(writer, item);
    writer.close(at1);
  }
}

export function decodeHeadsResponse(reader: Reader): HeadsResponse {
  const at1 = reader.count(65536, 4, "HeadsResponse.heads");
  const at2: Head[] = [];
  for (let index = 0; index < at1; index++) {
    const end1 = reader.enter("HeadsResponse.heads");
    at2.push(decodeHead(reader));
    reader.leave(end1);
  }
  const heads = at2;
  reader.position = reader.end;
  return { heads };
}

export const HeadsResponseCodec: Codec<HeadsResponse> = {
  name: "log.HeadsResponse",
  encode: encodeHeadsResponse,
  decode: decodeHeadsResponse,
};

export function encodeSpacesRequest(writer: Writer, message: SpacesRequest): void {
  if (message.afterSpace === undefined) {
    writer.absent();
  } else {
    writer.string(message.afterSpace, 63, "SpacesRequest.afterSpace");
  }
  const at1 = writer.reserve(4);
  writer.putU32(at1, message.limit, "SpacesRequest.limit");
}

export function decodeSpacesRequest(reader: Reader): SpacesRequest {
  const afterSpace = reader.isAbsent() ? undefined : reader.string(63, "SpacesRequest.afterSpace");
  const at1 = reader.take(4);
  const limit = reader.view.getUint32(at1, true);
  reader.position = reader.end;
  return { afterSpace, limit };
}

export const SpacesRequestCodec: Codec<SpacesRequest> = {
  name: "log.SpacesRequest",
  encode: encodeSpacesRequest,
  decode: decodeSpacesRequest,
};

export function encodeSpacesResponse(writer: Writer, message: SpacesResponse): void {
  writer.count(message.spaces.length, 65536, "SpacesResponse.spaces");
  for (const item of message.spaces) {
    writer.string(item, 63, "SpacesResponse.spaces");
  }
}

export function decodeSpacesResponse(reader: Reader): SpacesResponse {
  const at1 = reader.count(65536, 4, "SpacesResponse.spaces");
  const at2: string[] = [];
  for (let index = 0; index < at1; index++) {
    at2.push(reader.string(63, "SpacesResponse.spaces"));
  }
  const spaces = at2;
  reader.position = reader.end;
  return { spaces };
}

export const SpacesResponseCodec: Codec<SpacesResponse> = {
  name: "log.SpacesResponse",
  encode: encodeSpacesResponse,
  decode: decodeSpacesResponse,
};

export function encodeReadAtRequest(writer: Writer, message: ReadAtRequest): void {
  writer.string(message.space, 63, "ReadAtRequest.space");
  writer.string(message.key, 511, "ReadAtRequest.key");
  if (message.seq === undefined) {
    writer.presence(false);
  } else {
    writer.presence(true);
    writer.putU53(writer.reserve(8), message.seq, "ReadAtRequest.seq");
  }
  if (message.beforeMs === undefined) {
    writer.presence(false);
  } else {
    writer.presence(true);
    writer.putU53(writer.reserve(8), message.beforeMs, "ReadAtRequest.beforeMs");
  }
  if (message.afterSeq === undefined) {
    writer.presence(false);
  } else {
    writer.presence(true);
    writer.putU53(writer.reserve(8), message.afterSeq, "ReadAtRequest.afterSeq");
  }
}

export function decodeReadAtRequest(reader: Reader): ReadAtRequest {
  const space = reader.string(63, "ReadAtRequest.space");
  const key = reader.string(511, "ReadAtRequest.key");
  const seq = !reader.isPresent("ReadAtRequest.seq") ? undefined : reader.u53(reader.take(8), "ReadAtRequest.seq");
  const beforeMs = !reader.isPresent("ReadAtRequest.beforeMs") ? undefined : reader.u53(reader.take(8), "ReadAtRequest.beforeMs");
  const afterSeq = !reader.isPresent("ReadAtRequest.afterSeq") ? undefined : reader.u53(reader.take(8), "ReadAtRequest.afterSeq");
  reader.position = reader.end;
  return { space, key, seq, beforeMs, afterSeq };
}

export const ReadAtRequestCodec: Codec<ReadAtRequest> = {
  name: "log.ReadAtRequest",
  encode: encodeReadAtRequest,
  decode: decodeReadAtRequest,
};

export function encodeReadAtResponse(writer: Writer, message: ReadAtResponse): void {
  const at1 = writer.reserve(9);
  writer.putU53(at1, message.seq, "ReadAtResponse.seq");
  writer.putBool(at1 + 8, message.isDeleted, "ReadAtResponse.isDeleted");
  if (message.snapshot === undefined) {
    writer.absent();
  } else {
    const at2 = writer.open();
    encodeSnapshot(writer, message.snapshot);
    writer.close(at2);
  }
  writer.count(message.patches.length, 65536, "ReadAtResponse.patches");
  for (const item of message.patches) {
    const at3 = writer.open();
    encodePatch(writer, item);
    writer.close(at3);
  }
}

export function decodeReadAtResponse(reader: Reader): ReadAtResponse {
  const at1 = reader.take(9);
  const seq = reader.u53(at1, "ReadAtResponse.seq");
  const isDeleted = reader.bool(at1 + 8, "ReadAtResponse.isDeleted");
  let snapshot: Snapshot | undefined;
  if (!reader.isAbsent()) {
    const end1 = reader.enter("ReadAtResponse.snapshot");
    snapshot = decodeSnapshot(reader);
    reader.leave(end1);
  }
  const at2 = reader.count(65536, 4, "ReadAtResponse.patches");
  const at3: Patch[] = [];
  for (let index = 0; index < at2; index++) {
    const end2 = reader.enter("ReadAtResponse.patches");
    at3.push(decodePatch(reader));
    reader.leave(end2);
  }
  const patches = at3;
  reader.position = reader.end;
  return { seq, isDeleted, snapshot, patches };
}

export const ReadAtResponseCodec: Codec<ReadAtResponse> = {
  name: "log.ReadAtResponse",
  encode: encodeReadAtResponse,
  decode: decodeReadAtResponse,
};

export function encodeDocumentsRequest(writer: Writer, message: DocumentsRequest): void {
  if (message.after === undefined) {
    writer.absent();
  } else {
    const at1 = writer.open();
    encodeDocumentName(writer, message.after);
    writer.close(at1);
  }
  const at2 = writer.reserve(4);
  writer.putU32(at2, message.limit, "DocumentsRequest.limit");
}

export function decodeDocumentsRequest(reader: Reader): DocumentsRequest {
  let after: DocumentName | undefined;
  if (!reader.isAbsent()) {
    const end1 = reader.enter("DocumentsRequest.after");
    after = decodeDocumentName(reader);
    reader.leave(end1);
  }
  const at1 = reader.take(4);
  const limit = reader.view.getUint32(at1, true);
  reader.position = reader.end;
  return { after, limit };
}

export const DocumentsRequestCodec: Codec<DocumentsRequest> = {
  name: "log.DocumentsRequest",
  encode: encodeDocumentsRequest,
  decode: decodeDocumentsRequest,
};

export function encodeKnownDocument(writer: Writer, message: KnownDocument): void {
  writer.string(message.space, 63, "KnownDocument.space");
  writer.string(message.key, 511, "KnownDocument.key");
  const at1 = writer.open();
  encodeHead(writer, message.head);
  writer.close(at1);
}

export function decodeKnownDocument(reader: Reader): KnownDocument {
  const space = reader.string(63, "KnownDocument.space");
  const key = reader.string(511, "KnownDocument.key");
  const end1 = reader.enter("KnownDocument.head");
  const head = decodeHead(reader);
  reader.leave(end1);
  reader.position = reader.end;
  return { space, key, head };
}

export const KnownDocumentCodec: Codec<KnownDocument> = {
  name: "log.KnownDocument",
  encode: encodeKnownDocument,
  decode: decodeKnownDocument,
};

export function encodeDocumentsResponse(writer: Writer, message: DocumentsResponse): void {
  writer.count(message.documents.length, 65536, "DocumentsResponse.documents");
  for (const item of message.documents) {
    const at1 = writer.open();
    encodeKnownDocument(writer, item);
    writer.close(at1);
  }
}

export function decodeDocumentsResponse(reader: Reader): DocumentsResponse {
  const at1 = reader.count(65536, 4, "DocumentsResponse.documents");
  const at2: KnownDocument[] = [];
  for (let index = 0; index < at1; index++) {
    const end1 = reader.enter("DocumentsResponse.documents");
    at2.push(decodeKnownDocument(reader));
    reader.leave(end1);
  }
  const documents = at2;
  reader.position = reader.end;
  return { documents };
}

export const DocumentsResponseCodec: Codec<DocumentsResponse> = {
  name: "log.DocumentsResponse",
  encode: encodeDocumentsResponse,
  decode: decodeDocumentsResponse,
};

export function encodeInstallRequest(writer: Writer, message: InstallRequest): void {
  writer.string(message.space, 63, "InstallRequest.space");
  writer.string(message.key, 511, "InstallRequest.key");
  const at1 = writer.reserve(17);
  writer.putU53(at1, message.epoch, "InstallRequest.epoch");
  writer.putBool(at1 + 8, message.replaces, "InstallRequest.replaces");
  writer.putU53(at1 + 9, message.afterSeq, "InstallRequest.afterSeq");
  if (message.snapshot === undefined) {
    writer.absent();
  } else {
    const at2 = writer.open();
    encodeSnapshot(writer, message.snapshot);
    writer.close(at2);
  }
  writer.count(message.patches.length, 65536, "InstallRequest.patches");
  for (const item of message.patches) {
    const at3 = writer.open();
    encodePatch(writer, item);
    writer.close(at3);
  }
  if (message.wakeAt === undefined) {
    writer.presence(false);
  } else {
    writer.presence(true);
    writer.putU53(writer.reserve(8), message.wakeAt, "InstallRequest.wakeAt");
  }
  const at4 = writer.reserve(1);
  writer.putBool(at4, message.isDeleted, "InstallRequest.isDeleted");
  if (message.deletion === undefined) {
    writer.absent();
  } else {
    const at5 = writer.open();
    encodePatch(writer, message.deletion);
    writer.close(at5);
  }
}

export function decodeInstallRequest(reader: Reader): InstallRequest {
  const space = reader.string(63, "InstallRequest.space");
  const key = reader.string(511, "InstallRequest.key");
  const at1 = reader.take(17);
  const epoch = reader.u53(at1, "InstallRequest.epoch");
  const replaces = reader.bool(at1 + 8, "InstallRequest.replaces");
  const afterSeq = reader.u53(at1 + 9, "InstallRequest.afterSeq");
  let snapshot: Snapshot | undefined;
  if (!reader.isAbsent()) {
    const end1 = reader.enter("InstallRequest.snapshot");
    snapshot = decodeSnapshot(reader);
    reader.leave(end1);
  }
  const at2 = reader.count(65536, 4, "InstallRequest.patches");
  const at3: Patch[] = [];
  for (let index = 0; index < at2; index++) {
    const end2 = reader.enter("InstallRequest.patches");
    at3.push(decodePatch(reader));
    reader.leave(end2);
  }
  const patches = at3;
  const wakeAt = !reader.isPresent("InstallRequest.wakeAt") ? undefined : reader.u53(reader.take(8), "InstallRequest.wakeAt");
  const at4 = reader.take(1);
  const isDeleted = reader.bool(at4, "InstallRequest.isDeleted");
  let deletion: Patch | undefined = undefined;
  // Since version 2; an older sender ends before it.
  if (reader.position < reader.end) {
    if (!reader.isAbsent()) {
      const end3 = reader.enter("InstallRequest.deletion");
      deletion = decodePatch(reader);
      reader.leave(end3);
    }
  }
  reader.position = reader.end;
  return { space, key, epoch, replaces, afterSeq, snapshot, patches, wakeAt, isDeleted, deletion };
}

export const InstallRequestCodec: Codec<InstallRequest> = {
  name: "log.InstallRequest",
  encode: encodeInstallRequest,
  decode: decodeInstallRequest,
};

export function encodeSealRequest(writer: Writer, message: SealRequest): void {
  const at1 = writer.reserve(1);
  writer.putBool(at1, message.isSealed, "SealRequest.isSealed");
  writer.string(message.movedTo, 4096, "SealRequest.movedTo");
}

export function decodeSealRequest(reader: Reader): SealRequest {
  const at1 = reader.take(1);
  const isSealed = reader.bool(at1, "SealRequest.isSealed");
  const movedTo = reader.string(4096, "SealRequest.movedTo");
  reader.position = reader.end;
  return { isSealed, movedTo };
}

export const SealRequestCodec: Codec<SealRequest> = {
  name: "log.SealRequest",
  encode: encodeSealRequest,
  decode: decodeSealRequest,
};
