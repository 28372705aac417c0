// Generated from host.xml, digest 017bfa623081aa2b. Do not edit; run codegen.
import type { StreamMethod, UnaryMethod } from "@tidewire/wire";
import {
  ConnectRequestCodec,
  CreateRequestCodec,
  CreateResponseCodec,
  DeleteRequestCodec,
  EmptyCodec,
  GetRequestCodec,
  GetResponseCodec,
  SendRequestCodec,
  SendResponseCodec,
  UpdateViewerRequestCodec,
  ViewerFrameCodec,
  ViewerUpCodec,
} from "./host-codecs.ts";
import type {
  ConnectRequest,
  CreateRequest,
  CreateResponse,
  DeleteRequest,
  Empty,
  GetRequest,
  GetResponse,
  SendRequest,
  SendResponse,
  UpdateViewerRequest,
  ViewerFrame,
  ViewerUp,
} from "./host-types.ts";

export const hostProtocol = { name: "host", version: 1, digest: "017bfa623081aa2b" } as const;

const hostCreate: UnaryMethod<CreateRequest, CreateResponse> = {
  kind: "unary",
  id: 257,
  name: "Host/create",
  request: CreateRequestCodec,
  response: CreateResponseCodec,
  deadlineMs: 10000,
  isIdempotent: false,
  retry: "unsent",
};

const hostGet: UnaryMethod<GetRequest, GetResponse> = {
  kind: "unary",
  id: 258,
  name: "Host/get",
  request: GetRequestCodec,
  response: GetResponseCodec,
  deadlineMs: 10000,
  isIdempotent: true,
  retry: "safe",
};

const hostDelete: UnaryMethod<DeleteRequest, Empty> = {
  kind: "unary",
  id: 259,
  name: "Host/delete",
  request: DeleteRequestCodec,
  response: EmptyCodec,
  deadlineMs: 10000,
  isIdempotent: true,
  retry: "unsent",
};

const hostSend: UnaryMethod<SendRequest, SendResponse> = {
  kind: "unary",
  id: 260,
  name: "Host/send",
  request: SendRequestCodec,
  response: SendResponseCodec,
  deadlineMs: 10000,
  isIdempotent: false,
  retry: "unsent",
};

const hostConnect: StreamMethod<ConnectRequest, ViewerUp, ViewerFrame> = {
  kind: "stream",
  id: 261,
  name: "Host/connect",
  open: ConnectRequestCodec,
  up: ViewerUpCodec,
  down: ViewerFrameCodec,
  credit: 4,
  deadlineMs: 10000,
};

const hostUpdateViewer: UnaryMethod<UpdateViewerRequest, Empty> = {
  kind: "unary",
  id: 262,
  name: "Host/updateViewer",
  request: UpdateViewerRequestCodec,
  response: EmptyCodec,
  deadlineMs: 10000,
  isIdempotent: true,
  retry: "safe",
};

export const HostService = {
  name: "Host",
  id: 1,
  protocol: "host",
  version: 1,
  digest: "017bfa623081aa2b",
  heartbeatMs: 5000,
  callers: ["edge-proxy", "tool"],
  methods: {
    create: hostCreate,
    get: hostGet,
    delete: hostDelete,
    send: hostSend,
    connect: hostConnect,
    updateViewer: hostUpdateViewer,
  },
} as const;
