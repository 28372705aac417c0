// Generated from log.xml, digest 905d24b90c0f0939. Do not edit; run codegen.
import type { StreamMethod, UnaryMethod } from "@tidewire/wire";
import {
  AppendRequestCodec,
  DescribeRequestCodec,
  DescribeResponseCodec,
  DocumentsRequestCodec,
  DocumentsResponseCodec,
  DueRequestCodec,
  DueResponseCodec,
  EmptyCodec,
  FencedCodec,
  HeadsRequestCodec,
  HeadsResponseCodec,
  InstallRequestCodec,
  ListRequestCodec,
  ListResponseCodec,
  OpenRequestCodec,
  OpenResponseCodec,
  ReadAtRequestCodec,
  ReadAtResponseCodec,
  ReadRequestCodec,
  ReadResponseCodec,
  ReleaseRequestCodec,
  SealRequestCodec,
  SnapshotRequestCodec,
  SpacesRequestCodec,
  SpacesResponseCodec,
  WatchRequestCodec,
} from "./log-codecs.ts";
import type {
  AppendRequest,
  DescribeRequest,
  DescribeResponse,
  DocumentsRequest,
  DocumentsResponse,
  DueRequest,
  DueResponse,
  Empty,
  Fenced,
  HeadsRequest,
  HeadsResponse,
  InstallRequest,
  ListRequest,
  ListResponse,
  OpenRequest,
  OpenResponse,
  ReadAtRequest,
  ReadAtResponse,
  ReadRequest,
  ReadResponse,
  ReleaseRequest,
  SealRequest,
  SnapshotRequest,
  SpacesRequest,
  SpacesResponse,
  WatchRequest,
} from "./log-types.ts";

export const logProtocol = { name: "log", version: 2, digest: "905d24b90c0f0939" } as const;

const logOpen: UnaryMethod<OpenRequest, OpenResponse> = {
  kind: "unary",
  id: 513,
  name: "Log/open",
  request: OpenRequestCodec,
  response: OpenResponseCodec,
  deadlineMs: 10000,
  isIdempotent: true,
  retry: "safe",
};

const logAppend: UnaryMethod<AppendRequest, Empty> = {
  kind: "unary",
  id: 514,
  name: "Log/append",
  request: AppendRequestCodec,
  response: EmptyCodec,
  deadlineMs: 10000,
  isIdempotent: true,
  retry: "safe",
};

const logSnapshot: UnaryMethod<SnapshotRequest, Empty> = {
  kind: "unary",
  id: 515,
  name: "Log/snapshot",
  request: SnapshotRequestCodec,
  response: EmptyCodec,
  deadlineMs: 30000,
  isIdempotent: true,
  retry: "safe",
};

const logRelease: UnaryMethod<ReleaseRequest, Empty> = {
  kind: "unary",
  id: 516,
  name: "Log/release",
  request: ReleaseRequestCodec,
  response: EmptyCodec,
  deadlineMs: 5000,
  isIdempotent: true,
  retry: "safe",
};

const logRead: UnaryMethod<ReadRequest, ReadResponse> = {
  kind: "unary",
  id: 517,
  name: "Log/read",
  request: ReadRequestCodec,
  response: ReadResponseCodec,
  deadlineMs: 30000,
  isIdempotent: true,
  retry: "safe",
};

const logList: UnaryMethod<ListRequest, ListResponse> = {
  kind: "unary",
  id: 518,
  name: "Log/list",
  request: ListRequestCodec,
  response: ListResponseCodec,
  deadlineMs: 10000,
  isIdempotent: true,
  retry: "safe",
};

const logDue: UnaryMethod<DueRequest, DueResponse> = {
  kind: "unary",
  id: 519,
  name: "Log/due",
  request: DueRequestCodec,
  response: DueResponseCodec,
  deadlineMs: 10000,
  isIdempotent: true,
  retry: "safe",
};

const logWatch: StreamMethod<WatchRequest, Empty, Fenced> = {
  kind: "stream",
  id: 520,
  name: "Log/watch",
  open: WatchRequestCodec,
  up: EmptyCodec,
  down: FencedCodec,
  credit: 1024,
  deadlineMs: 10000,
};

const logDescribe: UnaryMethod<DescribeRequest, DescribeResponse> = {
  kind: "unary",
  id: 521,
  name: "Log/describe",
  request: DescribeRequestCodec,
  response: DescribeResponseCodec,
  deadlineMs: 5000,
  isIdempotent: true,
  retry: "safe",
};

const logHeads: UnaryMethod<HeadsRequest, HeadsResponse> = {
  kind: "unary",
  id: 522,
  name: "Log/heads",
  request: HeadsRequestCodec,
  response: HeadsResponseCodec,
  deadlineMs: 10000,
  isIdempotent: true,
  retry: "safe",
};

const logSpaces: UnaryMethod<SpacesRequest, SpacesResponse> = {
  kind: "unary",
  id: 523,
  name: "Log/spaces",
  request: SpacesRequestCodec,
  response: SpacesResponseCodec,
  deadlineMs: 10000,
  isIdempotent: true,
  retry: "safe",
};

const logReadAt: UnaryMethod<ReadAtRequest, ReadAtResponse> = {
  kind: "unary",
  id: 524,
  name: "Log/readAt",
  request: ReadAtRequestCodec,
  response: ReadAtResponseCodec,
  deadlineMs: 30000,
  isIdempotent: true,
  retry: "safe",
};

export const LogService = {
  name: "Log",
  id: 2,
  protocol: "log",
  version: 2,
  digest: "905d24b90c0f0939",
  heartbeatMs: 5000,
  callers: ["document-host", "tool"],
  methods: {
    open: logOpen,
    append: logAppend,
    snapshot: logSnapshot,
    release: logRelease,
    read: logRead,
    list: logList,
    due: logDue,
    watch: logWatch,
    describe: logDescribe,
    heads: logHeads,
    spaces: logSpaces,
    readAt: logReadAt,
  },
} as const;

const logTransferDocuments: UnaryMethod<DocumentsRequest, DocumentsResponse> = {
  kind: "unary",
  id: 1025,
  name: "LogTransfer/documents",
  request: DocumentsRequestCodec,
  response: DocumentsResponseCodec,
  deadlineMs: 10000,
  isIdempotent: true,
  retry: "safe",
};

const logTransferInstall: UnaryMethod<InstallRequest, Empty> = {
  kind: "unary",
  id: 1026,
  name: "LogTransfer/install",
  request: InstallRequestCodec,
  response: EmptyCodec,
  deadlineMs: 30000,
  isIdempotent: true,
  retry: "safe",
};

const logTransferSeal: UnaryMethod<SealRequest, Empty> = {
  kind: "unary",
  id: 1027,
  name: "LogTransfer/seal",
  request: SealRequestCodec,
  response: EmptyCodec,
  deadlineMs: 10000,
  isIdempotent: true,
  retry: "safe",
};

/** What moves a log from one storage to another. Not for hosts. */
export const LogTransferService = {
  name: "LogTransfer",
  id: 4,
  protocol: "log",
  version: 2,
  digest: "905d24b90c0f0939",
  heartbeatMs: 5000,
  callers: ["tool"],
  methods: {
    documents: logTransferDocuments,
    install: logTransferInstall,
    seal: logTransferSeal,
  },
} as const;
