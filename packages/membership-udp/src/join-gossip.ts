import { ServiceError } from "@tidewire/foundation";
import { listenError, StartError } from "@tidewire/service";
import { type GossipConfig, type GossipNodeFacts, gossipSettings } from "./gossip-config.ts";
import type { MembershipHandle } from "./membership-handle.ts";
import { type StartMembershipModules, startMembership } from "./start-membership.ts";

/** `startMembership` from a process's configuration; what cannot work ends in a `StartError`, one line for the user. */
export async function joinGossip(
  config: GossipConfig,
  facts: GossipNodeFacts,
  modules: StartMembershipModules,
): Promise<MembershipHandle> {
  try {
    return await startMembership(gossipSettings(config, facts), modules);
  } catch (error) {
    if (error instanceof ServiceError) throw new StartError(error.message, 2);
    throw listenError("gossip", config.bind, "gossip.bind", error);
  }
}
