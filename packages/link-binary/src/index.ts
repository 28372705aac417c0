export {
  type BinaryLinkLimits,
  type BinaryLinkOptions,
  defaultBinaryLinkLimits,
  LINK_VERSIONS,
} from "./binary-link-options.ts";
export { type BinaryLinkModules, createBinaryLinkTransport } from "./binary-link-transport.ts";
