// Generated from log.xml, digest 905d24b90c0f0939. Do not edit; run codegen.
import type {
  StubCallOptions,
  StubCaller,
  StubServices,
  StubStream,
  StubStreamHandler,
  StubStreamHandlers,
  StubStreamOptions,
  StubUnaryHandler,
} from "@tidewire/wire";
import { checkCaller } from "@tidewire/wire";
import { LogService, LogTransferService } from "./log-service.ts";
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

/** The dialling side of `Log`. */
export interface LogClient {
  open(request: OpenRequest, options?: StubCallOptions): Promise<OpenResponse>;
  append(request: AppendRequest, options?: StubCallOptions): Promise<Empty>;
  snapshot(request: SnapshotRequest, options?: StubCallOptions): Promise<Empty>;
  release(request: ReleaseRequest, options?: StubCallOptions): Promise<Empty>;
  read(request: ReadRequest, options?: StubCallOptions): Promise<ReadResponse>;
  list(request: ListRequest, options?: StubCallOptions): Promise<ListResponse>;
  due(request: DueRequest, options?: StubCallOptions): Promise<DueResponse>;
  watch(request: WatchRequest, handlers: StubStreamHandlers<Fenced>, options?: StubStreamOptions): StubStream<Empty>;
  describe(request: DescribeRequest, options?: StubCallOptions): Promise<DescribeResponse>;
  heads(request: HeadsRequest, options?: StubCallOptions): Promise<HeadsResponse>;
  spaces(request: SpacesRequest, options?: StubCallOptions): Promise<SpacesResponse>;
  readAt(request: ReadAtRequest, options?: StubCallOptions): Promise<ReadAtResponse>;
}

export function logClient(caller: StubCaller): LogClient {
  const { methods } = LogService;
  return {
    open: (request, options) => caller.call(methods.open, request, options),
    append: (request, options) => caller.call(methods.append, request, options),
    snapshot: (request, options) => caller.call(methods.snapshot, request, options),
    release: (request, options) => caller.call(methods.release, request, options),
    read: (request, options) => caller.call(methods.read, request, options),
    list: (request, options) => caller.call(methods.list, request, options),
    due: (request, options) => caller.call(methods.due, request, options),
    watch: (request, handlers, options) => caller.open(methods.watch, request, handlers, options),
    describe: (request, options) => caller.call(methods.describe, request, options),
    heads: (request, options) => caller.call(methods.heads, request, options),
    spaces: (request, options) => caller.call(methods.spaces, request, options),
    readAt: (request, options) => caller.call(methods.readAt, request, options),
  };
}

/** What a process that serves `Log` must answer. */
export interface LogHandlers {
  readonly open: StubUnaryHandler<OpenRequest, OpenResponse>;
  readonly append: StubUnaryHandler<AppendRequest, Empty>;
  readonly snapshot: StubUnaryHandler<SnapshotRequest, Empty>;
  readonly release: StubUnaryHandler<ReleaseRequest, Empty>;
  readonly read: StubUnaryHandler<ReadRequest, ReadResponse>;
  readonly list: StubUnaryHandler<ListRequest, ListResponse>;
  readonly due: StubUnaryHandler<DueRequest, DueResponse>;
  readonly watch: StubStreamHandler<WatchRequest, Empty, Fenced>;
  readonly describe: StubUnaryHandler<DescribeRequest, DescribeResponse>;
  readonly heads: StubUnaryHandler<HeadsRequest, HeadsResponse>;
  readonly spaces: StubUnaryHandler<SpacesRequest, SpacesResponse>;
  readonly readAt: StubUnaryHandler<ReadAtRequest, ReadAtResponse>;
}

/** Registers a handler for every method; peers of other roles are refused. */
export function serveLog(services: StubServices, handlers: LogHandlers): void {
  const { callers, methods } = LogService;
  services.unary(methods.open, (request, context) => {
    checkCaller(context, callers);
    return handlers.open(request, context);
  });
  services.unary(methods.append, (request, context) => {
    checkCaller(context, callers);
    return handlers.append(request, context);
  });
  services.unary(methods.snapshot, (request, context) => {
    checkCaller(context, callers);
    return handlers.snapshot(request, context);
  });
  services.unary(methods.release, (request, context) => {
    checkCaller(context, callers);
    return handlers.release(request, context);
  });
  services.unary(methods.read, (request, context) => {
    checkCaller(context, callers);
    return handlers.read(request, context);
  });
  services.unary(methods.list, (request, context) => {
    checkCaller(context, callers);
    return handlers.list(request, context);
  });
  services.unary(methods.due, (request, context) => {
    checkCaller(context, callers);
    return handlers.due(request, context);
  });
  services.stream(methods.watch, (request, stream, context) => {
    checkCaller(context, callers);
    return handlers.watch(request, stream, context);
  });
  services.unary(methods.describe, (request, context) => {
    checkCaller(context, callers);
    return handlers.describe(request, context);
  });
  services.unary(methods.heads, (request, context) => {
    checkCaller(context, callers);
    return handlers.heads(request, context);
  });
  services.unary(methods.spaces, (request, context) => {
    checkCaller(context, callers);
    return handlers.spaces(request, context);
  });
  services.unary(methods.readAt, (request, context) => {
    checkCaller(context, callers);
    return handlers.readAt(request, context);
  });
}

/** The dialling side of `LogTransfer`. */
export interface LogTransferClient {
  documents(request: DocumentsRequest, options?: StubCallOptions): Promise<DocumentsResponse>;
  install(request: InstallRequest, options?: StubCallOptions): Promise<Empty>;
  seal(request: SealRequest, options?: StubCallOptions): Promise<Empty>;
}

export function logTransferClient(caller: StubCaller): LogTransferClient {
  const { methods } = LogTransferService;
  return {
    documents: (request, options) => caller.call(methods.documents, request, options),
    install: (request, options) => caller.call(methods.install, request, options),
    seal: (request, options) => caller.call(methods.seal, request, options),
  };
}

/** What a process that serves `LogTransfer` must answer. */
export interface LogTransferHandlers {
  readonly documents: StubUnaryHandler<DocumentsRequest, DocumentsResponse>;
  readonly install: StubUnaryHandler<InstallRequest, Empty>;
  readonly seal: StubUnaryHandler<SealRequest, Empty>;
}

/** Registers a handler for every method; peers of other roles are refused. */
export function serveLogTransfer(services: StubServices, handlers: LogTransferHandlers): void {
  const { callers, methods } = LogTransferService;
  services.unary(methods.documents, (request, context) => {
    checkCaller(context, callers);
    return handlers.documents(request, context);
  });
  services.unary(methods.install, (request, context) => {
    checkCaller(context, callers);
    return handlers.install(request, context);
  });
  services.unary(methods.seal, (request, context) => {
    checkCaller(context, callers);
    return handlers.seal(request, context);
  });
}
