// Generated from log.xml, digest 9bf3b419cfe54a31. Do not edit; run codegen.
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
import { LogService } from "./log-service.ts";
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
}

/** Registers a handler for every method. */
export function serveLog(services: StubServices, handlers: LogHandlers): void {
  const { methods } = LogService;
  services.unary(methods.open, (request, context) => handlers.open(request, context));
  services.unary(methods.append, (request, context) => handlers.append(request, context));
  services.unary(methods.snapshot, (request, context) => handlers.snapshot(request, context));
  services.unary(methods.release, (request, context) => handlers.release(request, context));
  services.unary(methods.read, (request, context) => handlers.read(request, context));
  services.unary(methods.list, (request, context) => handlers.list(request, context));
  services.unary(methods.due, (request, context) => handlers.due(request, context));
  services.stream(methods.watch, (request, stream, context) => handlers.watch(request, stream, context));
}
