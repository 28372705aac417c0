export { type AdmissionOptions, defaultAdmission } from "./admission/admission.ts";
export type { Authentication, Authenticator, IdSource } from "./auth/authenticator.ts";
export { DevAuthenticator } from "./auth/dev-authenticator.ts";
export { JwtAuthenticator, type JwtKeySource, type JwtOptions, jwtKeys } from "./auth/jwt-authenticator.ts";
export {
  type BegunUpgrade,
  type DrainOptions,
  defaultDrain,
  defaultEdgeOptions,
  Edge,
  type EdgeModules,
  type EdgeOptions,
  type UpgradeDecision,
  type UpgradeRequest,
} from "./edge.ts";
export type { HostLinks } from "./hosts/host-links.ts";
export { ambiguousLength, bodyTooLarge, errorResponse, noSuchPath, upgradeRequired } from "./http/error-response.ts";
export { HttpApi } from "./http/http-api.ts";
export type {
  HttpAnswer,
  HttpHeaders,
  HttpRequest,
  HttpResponse,
  HttpSink,
  HttpStreamEvents,
  HttpStreamResponse,
} from "./http/http-message.ts";
export { defaultLimits, type EdgeLimits } from "./limits.ts";
export type { DocumentDirectory, HostPlace } from "./routing/document-directory.ts";
export { TableDirectory } from "./routing/table-directory.ts";
export type { ClientTransport, TransportEvents } from "./session/client-transport.ts";
export type { Session } from "./session/session.ts";
