export {
  defaultGrpcLinkLimits,
  type GrpcLinkLimits,
  type GrpcLinkOptions,
  type GrpcShape,
} from "./grpc-link-options.ts";
export { createGrpcLinkTransport, type GrpcLinkModules } from "./grpc-link-transport.ts";
