import { ServiceError } from "@tidewire/foundation";
import { listenError, type ServiceContext, StartError } from "@tidewire/service";
import { type GossipConfig, type GossipNodeFacts, gossipSettings } from "./gossip-config.ts";
import type { MembershipHandle } from "./membership-handle.ts";
import { type StartMembershipModules, startMembership } from "./start-membership.ts";

/** The settings of a process that say who it is among the others. */
export interface MemberConfig {
  readonly gossip: GossipConfig;
  readonly node: { readonly zone: string };
  readonly link: { readonly advertise?: string | undefined };
}

/** Where a process is reached; closed again when it cannot join. */
export interface MemberListener {
  readonly address: string;
  close(): Promise<void>;
}

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

/**
 * Makes a process that serves links a member under its role. It ends when a newer process takes its name. The lifecycle
 * is `joining` until the process says otherwise. Throws like `joinGossip`.
 */
export async function joinAsService(
  config: MemberConfig,
  role: string,
  listener: MemberListener,
  context: ServiceContext,
): Promise<MembershipHandle> {
  const facts = {
    nodeId: context.nodeId,
    role,
    zone: config.node.zone,
    linkAddress: config.link.advertise ?? listener.address,
    sharedKey: context.sharedKey,
  };
  const membership = await joinGossip(config.gossip, facts, context).catch(async (error: unknown) => {
    await listener.close();
    throw error;
  });
  membership.onEvicted((reason) => context.fatal(reason));
  return membership;
}
