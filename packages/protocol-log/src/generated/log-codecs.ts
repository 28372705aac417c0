// Generated from log.xml, digest 9bf3b419cfe54a31. Do not edit; run codegen.
import type { Codec, Reader, Writer } from "@tidewire/wire";
import type {
  AppendRequest,
  DueDocument,
  DueRequest,
  DueResponse,
  Empty,
  Fenced,
  ListRequest,
  ListResponse,
  ListedDocument,
  OpenRequest,
  OpenResponse,
  Patch,
  ReadRequest,
  ReadResponse,
  ReleaseRequest,
  Snapshot,
  SnapshotRequest,
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
}

export function decodeOpenRequest(reader: Reader): OpenRequest {
  const space = reader.string(63, "OpenRequest.space");
  const key = reader.string(511, "OpenRequest.key");
  const owner = reader.string(64, "OpenRequest.owner");
  reader.position = reader.end;
  return { space, key, owner };
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
  reader.position = reader.end;
  return { epoch, seq, isDeleted, snapshot, patches };
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
  reader.position = reader.end;
  return { snapshot, patches };
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
}

export function decodeWatchRequest(reader: Reader): WatchRequest {
  const owner = reader.string(64, "WatchRequest.owner");
  reader.position = reader.end;
  return { owner };
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
