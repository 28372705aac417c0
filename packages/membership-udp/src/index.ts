export { type GossipConfig, type GossipNodeFacts, gossipConfigSchema, gossipSettings } from "./gossip-config.ts";
export { joinAsService, joinGossip, type MemberConfig, type MemberListener } from "./join-gossip.ts";
export type { MembershipHandle } from "./membership-handle.ts";
export { type StartMembershipModules, type StartMembershipSettings, startMembership } from "./start-membership.ts";
