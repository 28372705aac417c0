// The handshake apart from TCP, for another transport that is to prove the same things.
export { ControlType } from "../frame.ts";
export {
  type Agreement,
  DialHandshake,
  type Introduction,
  ListenHandshake,
  rejectBody,
  StrangerError,
  type VersionRange,
} from "./handshake.ts";
export { checkedKeys, type IdentityOptions, introductionOf, LINK_VERSIONS } from "./identity.ts";
export { LINK_TLS_MIN_VERSION, type LinkCertificate } from "./link-certificate.ts";
export type { SharedKey } from "./proof.ts";
