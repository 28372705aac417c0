import { hkdfSync } from "node:crypto";
import { ServiceError } from "@tidewire/foundation";
import type { MembershipSettings } from "@tidewire/membership";
import { DEVELOPMENT_KEY, duration, hostPort, z } from "@tidewire/service";
import { isLoopbackHost, parseEndpoint } from "./address.ts";
import { KEY_BYTES } from "./key-ring.ts";
import type { StartMembershipSettings } from "./start-membership.ts";

/** Label of groups on loopback, where nobody else can be met by mistake. */
const DEVELOPMENT_LABEL = "development";

/** The section `gossip` of a process that is a member: routing-table nodes and document hosts. */
export const gossipConfigSchema = z
  .strictObject({
    bind: hostPort().default("127.0.0.1:0").describe("address of the gossip socket, for datagrams and streams"),
    advertise: hostPort().optional().describe("address other members reach it at, with an IP; default: as bound"),
    seeds: z.array(hostPort()).default([]).describe("addresses of members to join through; names are looked up again"),
    label: z
      .string()
      .min(1)
      .max(128)
      .optional()
      .describe("name of the cluster and environment; required unless gossip stays on loopback"),
    key: z
      .string()
      .optional()
      .describe("base64 of 32 bytes, or several joined by commas, the first one seals; default: from link.sharedKey"),
    profile: z.enum(["lan", "fast"]).default("lan").describe("timers: lan finds a crash in 6 to 10 s, fast in half"),
    joinHold: duration().optional().describe("time a host waits before it takes work; default 10s, fast 2s"),
    bootstrapNode: z
      .string()
      .max(64)
      .optional()
      .describe("id of the one node that may begin a group when no seed answers; default: the first of the seeds"),
    weight: z.number().int().min(1).max(16).default(1).describe("share of documents, relative to other hosts"),
  })
  .prefault({});

export type GossipConfig = z.output<typeof gossipConfigSchema>;

/** What the section does not say and the process knows. */
export interface GossipNodeFacts {
  readonly nodeId: string;
  readonly role: string;
  readonly zone: string;
  /** `host:port` others reach this process's link at. */
  readonly linkAddress: string;
  /** The cluster's secret, from which the gossip key is derived where none is configured. */
  readonly sharedKey: string;
}

/** Turns the section into settings for `startMembership`. Throws `invalid_argument`. */
export function gossipSettings(config: GossipConfig, facts: GossipNodeFacts): StartMembershipSettings {
  if (!isLoopbackHost(parseEndpoint(config.bind).host)) {
    if (config.label === undefined) throw unfit("gossip.label", "is required when gossip.bind is not on loopback");
    if (config.key === undefined && facts.sharedKey === DEVELOPMENT_KEY) {
      throw unfit("gossip.key", "or link.sharedKey is required when gossip.bind is not on loopback");
    }
  }
  const overrides: Partial<MembershipSettings> = config.joinHold === undefined ? {} : { joinHoldMs: config.joinHold };
  return {
    nodeId: facts.nodeId,
    role: facts.role,
    bind: config.bind,
    ...(config.advertise === undefined ? {} : { advertise: config.advertise }),
    seeds: config.seeds,
    label: config.label ?? DEVELOPMENT_LABEL,
    keys: config.key === undefined ? [keyFrom(facts.sharedKey)] : keysOf(config.key),
    profile: config.profile,
    meta: { linkAddress: facts.linkAddress, zone: facts.zone, weight: config.weight },
    ...bootstrapOf(config, facts),
    overrides,
  };
}

function bootstrapOf(config: GossipConfig, { nodeId, role }: GossipNodeFacts): { allowBootstrap?: boolean } {
  if (config.bootstrapNode !== undefined) return { allowBootstrap: config.bootstrapNode === nodeId };
  // A routing table alone is a group; a host alone is a mistake.
  return config.seeds.length === 0 ? { allowBootstrap: role === "routing-table" } : {};
}

function keysOf(text: string): Uint8Array[] {
  return text.split(",").map((part) => {
    const key = Buffer.from(part.trim(), "base64");
    if (key.length !== KEY_BYTES) throw unfit("gossip.key", "must be base64 of 32 bytes, or several joined by commas");
    return key;
  });
}

function unfit(parameter: string, rule: string): ServiceError {
  return new ServiceError("invalid_argument", `${parameter} ${rule}`, { details: { parameter } });
}

function keyFrom(sharedKey: string): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", sharedKey, "tidewire", "gossip key", KEY_BYTES));
}
