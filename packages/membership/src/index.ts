export type { MembershipIdentity, MembershipModules } from "./core.ts";
export type { MemberChanged, MembershipEffect, MembershipEvent } from "./events.ts";
export type { Health, Lifecycle, Member, MemberMeta, MembershipView } from "./member.ts";
export { MembershipEngine } from "./membership-engine.ts";
export {
  fastSettings,
  lanSettings,
  lifeguard,
  type MembershipProfile,
  type MembershipSettings,
  membershipProfiles,
  type ProtocolFeatures,
  plainSwim,
} from "./settings.ts";
