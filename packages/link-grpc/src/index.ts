export {
  defaultGrpcLinkLimits,
  type GrpcLinkLimits,
  type GrpcLinkOptions,
  type GrpcShape,
  type GrpcTuning,
} from "./grpc-link-options.ts";
export { createGrpcLinkTransport } from "./grpc-link-transport.ts";
