export { type BinaryLinkLimits, type BinaryLinkOptions, defaultBinaryLinkLimits } from "./binary-link-options.ts";
export { createBinaryLinkTransport } from "./binary-link-transport.ts";
export { LINK_VERSIONS } from "./handshake/identity.ts";
