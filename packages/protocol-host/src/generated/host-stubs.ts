// Generated from host.xml, digest 017bfa623081aa2b. Do not edit; run codegen.
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
import { HostService } from "./host-service.ts";
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

/** The dialling side of `Host`. */
export interface HostClient {
  create(request: CreateRequest, options?: StubCallOptions): Promise<CreateResponse>;
  get(request: GetRequest, options?: StubCallOptions): Promise<GetResponse>;
  delete(request: DeleteRequest, options?: StubCallOptions): Promise<Empty>;
  send(request: SendRequest, options?: StubCallOptions): Promise<SendResponse>;
  connect(request: ConnectRequest, handlers: StubStreamHandlers<ViewerFrame>, options?: StubStreamOptions): StubStream<ViewerUp>;
  updateViewer(request: UpdateViewerRequest, options?: StubCallOptions): Promise<Empty>;
}

export function hostClient(caller: StubCaller): HostClient {
  const { methods } = HostService;
  return {
    create: (request, options) => caller.call(methods.create, request, options),
    get: (request, options) => caller.call(methods.get, request, options),
    delete: (request, options) => caller.call(methods.delete, request, options),
    send: (request, options) => caller.call(methods.send, request, options),
    connect: (request, handlers, options) => caller.open(methods.connect, request, handlers, options),
    updateViewer: (request, options) => caller.call(methods.updateViewer, request, options),
  };
}

/** What a process that serves `Host` must answer. */
export interface HostHandlers {
  readonly create: StubUnaryHandler<CreateRequest, CreateResponse>;
  readonly get: StubUnaryHandler<GetRequest, GetResponse>;
  readonly delete: StubUnaryHandler<DeleteRequest, Empty>;
  readonly send: StubUnaryHandler<SendRequest, SendResponse>;
  readonly connect: StubStreamHandler<ConnectRequest, ViewerUp, ViewerFrame>;
  readonly updateViewer: StubUnaryHandler<UpdateViewerRequest, Empty>;
}

/** Registers a handler for every method; peers of other roles are refused. */
export function serveHost(services: StubServices, handlers: HostHandlers): void {
  const { callers, methods } = HostService;
  services.unary(methods.create, (request, context) => {
    checkCaller(context, callers);
    return handlers.create(request, context);
  });
  services.unary(methods.get, (request, context) => {
    checkCaller(context, callers);
    return handlers.get(request, context);
  });
  services.unary(methods.delete, (request, context) => {
    checkCaller(context, callers);
    return handlers.delete(request, context);
  });
  services.unary(methods.send, (request, context) => {
    checkCaller(context, callers);
    return handlers.send(request, context);
  });
  services.stream(methods.connect, (request, stream, context) => {
    checkCaller(context, callers);
    return handlers.connect(request, stream, context);
  });
  services.unary(methods.updateViewer, (request, context) => {
    checkCaller(context, callers);
    return handlers.updateViewer(request, context);
  });
}
