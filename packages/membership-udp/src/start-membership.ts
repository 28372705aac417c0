import { isIPv6 } from "node:net";
import { type Clock, type Logger, type MetricsSink, type Random, ServiceError } from "@tidewire/foundation";
import {
  type Lifecycle,
  type MemberMeta,
  MembershipEngine,
  type MembershipProfile,
  type MembershipSettings,
  membershipProfiles,
} from "@tidewire/membership";
import { type Endpoint, formatEndpoint, isWildcard, outwardHost, parseEndpoint } from "./address.ts";
import { DatagramPort } from "./datagram-port.ts";
import { ExchangePort } from "./exchange-port.ts";
import { GossipNode } from "./gossip-node.ts";
import { KeyRing } from "./key-ring.ts";
import type { MembershipHandle } from "./membership-handle.ts";
import { transportMetrics } from "./metrics.ts";
import { Opener, SEAL_OVERHEAD_BYTES } from "./seal.ts";
import { resolveSeeds } from "./seed-resolver.ts";

export interface StartMembershipSettings {
  /** Unique in the group; 1 to 64 printable ASCII characters. */
  readonly nodeId: string;
  /** `document-host` or `routing-table`. */
  readonly role: string;
  /** `host:port` for datagrams and streams; port 0 picks one that is free for both. */
  readonly bind: string;
  /** `host:port` others reach it at, with an IP address; by default what is bound, or this machine's own address. */
  readonly advertise?: string;
  /** `host:port` of members to join through; names are looked up again and again. */
  readonly seeds: readonly string[];
  /** Name of the cluster and its environment; bound to every message. */
  readonly label: string;
  /** 32 bytes each; the first one seals, all of them open. */
  readonly keys: readonly Uint8Array[];
  readonly profile: MembershipProfile;
  readonly meta: MemberMeta;
  /** Wanted from the start; without it `joining` until `setLifecycle`. */
  readonly lifecycle?: Lifecycle;
  /** May begin a group when no seed answers. By default the member whose address is the first of the seeds looked up. */
  readonly allowBootstrap?: boolean;
  /** Replaces values of the profile. */
  readonly overrides?: Partial<MembershipSettings>;
}

export interface StartMembershipModules {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: MetricsSink;
}

/** Tries to find a port that is free for datagrams and streams alike. */
const PORT_ATTEMPTS = 10;

/**
 * Binds and begins to join; resolves once bound, see `joined` of the handle for the rest. Rejects with
 * `invalid_argument` on settings that cannot work and with the system's error where an address cannot be bound.
 */
export async function startMembership(
  settings: StartMembershipSettings,
  modules: StartMembershipModules,
): Promise<MembershipHandle> {
  const bind = checked(settings);
  const { clock, random, logger } = modules;
  const metrics = transportMetrics(modules.metrics);
  const ring = new KeyRing(settings.keys);
  const opener = new Opener(ring);
  const profile = { ...membershipProfiles[settings.profile], ...settings.overrides };
  const datagrams = new DatagramPort(ring, opener, settings.label, metrics);
  const exchanges = new ExchangePort(
    { ring, opener, clock, metrics },
    { label: settings.label, inboundMax: profile.exchangesMax, inboundMs: profile.streamTimeoutMs },
  );
  const bound = await bindBoth(bind, datagrams, exchanges);
  const gossipAddress = settings.advertise ?? formatEndpoint({ host: outwardOf(bound.host), port: bound.port });
  const engine = new MembershipEngine(
    {
      id: settings.nodeId,
      boot: Math.floor(clock.wallMs()) * 1_024 + random.below(1_024),
      role: settings.role,
      gossipAddress,
      label: settings.label,
      meta: settings.meta,
      ...(settings.lifecycle === undefined ? {} : { lifecycle: settings.lifecycle }),
      allowBootstrap: settings.allowBootstrap ?? "first-seed",
    },
    { ...profile, packetMaxBytes: profile.packetMaxBytes - SEAL_OVERHEAD_BYTES },
    { random, logger, metrics: modules.metrics },
  );
  const family = isIPv6(bound.host) ? 6 : 4;
  const resolve = (): Promise<string[]> => resolveSeeds(settings.seeds, family);
  const node = new GossipNode(gossipAddress, { engine, datagrams, exchanges, ring, clock, logger, resolve });
  datagrams.receive = (from, packet) => node.received(from, packet);
  exchanges.serve = (from, body, reply) => node.asked(from, body, reply);
  node.start();
  return node;
}

function checked(settings: StartMembershipSettings): Endpoint {
  const { nodeId, label, seeds, advertise, meta, role } = settings;
  const refuse = (parameter: string, rule: string): never => {
    throw new ServiceError("invalid_argument", `gossip: ${parameter} ${rule}`, { details: { parameter } });
  };
  if (!/^[\x21-\x7e]{1,64}$/.test(nodeId))
    refuse("nodeId", "must be 1 to 64 printable ASCII characters without spaces");
  if (!/^[a-z-]{1,32}$/.test(role)) refuse("role", "must be 1 to 32 of a-z and -");
  if (label === "" || label.length > 128) refuse("label", "must have 1 to 128 characters");
  if (!(Number.isInteger(meta.weight) && meta.weight >= 1 && meta.weight <= 16)) refuse("weight", "must be 1 to 16");
  if (meta.zone.length > 64) refuse("zone", "must have at most 64 characters");
  if (meta.linkAddress.length > 256) refuse("linkAddress", "must have at most 256 characters");
  for (const seed of seeds) parseEndpoint(seed);
  if (advertise !== undefined) parseEndpoint(advertise);
  return parseEndpoint(settings.bind);
}

async function bindBoth(bind: Endpoint, datagrams: DatagramPort, exchanges: ExchangePort): Promise<Endpoint> {
  for (let attempt = 1; ; attempt++) {
    const port = await datagrams.bind(bind);
    const bound = { host: bind.host, port };
    try {
      await exchanges.listen(bound);
      return bound;
    } catch (error) {
      datagrams.close();
      if (bind.port !== 0 || attempt === PORT_ATTEMPTS) throw error;
    }
  }
}

function outwardOf(host: string): string {
  if (!isWildcard(host)) return host;
  return outwardHost(host === "::" ? "IPv6" : "IPv4");
}
