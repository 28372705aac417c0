// Generated from log.xml, digest 9bf3b419cfe54a31. Do not edit; run codegen.
import type { StreamMethod, UnaryMethod } from "@tidewire/wire";
import {
  AppendRequestCodec,
  DueRequestCodec,
  DueResponseCodec,
  EmptyCodec,
  FencedCodec,
  ListRequestCodec,
  ListResponseCodec,
  OpenRequestCodec,
  OpenResponseCodec,
  ReadRequestCodec,
  ReadResponseCodec,
  ReleaseRequestCodec,
  SnapshotRequestCodec,
  WatchRequestCodec,
} from "./log-codecs.ts";
import type {
  AppendRequest,
  DueRequest,
  DueResponse,
  Empty,
  Fenced,
  ListRequest,
  ListResponse,
  OpenRequest,
  OpenResponse,
  ReadRequest,
  ReadResponse,
  ReleaseRequest,
  SnapshotRequest,
  WatchRequest,
} from "./log-types.ts";

export const logProtocol = { name: "log", version: 1, digest: "9bf3b419cfe54a31" } as const;

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

export const LogService = {
  name: "Log",
  id: 2,
  protocol: "log",
  version: 1,
  digest: "9bf3b419cfe54a31",
  heartbeatMs: 5000,
  callers: [],
  methods: {
    open: logOpen,
    append: logAppend,
    snapshot: logSnapshot,
    release: logRelease,
    read: logRead,
    list: logList,
    due: logDue,
    watch: logWatch,
  },
} as const;
