import type { Member, MembershipView } from "@tidewire/membership";
import type { HostEntry, RoutingTable } from "@tidewire/protocol-routing";
import { digestOf } from "../../src/routing-table.ts";

export function host(id: string, overrides: Partial<HostEntry> = {}): HostEntry {
  return { id, address: `${id}:7100`, zone: "z", weight: 1, state: "active", boot: 1, ...overrides };
}

export function tableOf(hosts: readonly HostEntry[], overrides: Partial<RoutingTable> = {}): RoutingTable {
  return { epoch: 1, version: 1, digest: digestOf(hosts), isFrozen: false, hosts, ...overrides };
}

export function member(id: string, overrides: Partial<Member> = {}): Member {
  return {
    id,
    boot: 1,
    incarnation: 1,
    health: "alive",
    lifecycle: "active",
    role: "document-host",
    zone: "z",
    weight: 1,
    linkAddress: `${id}:7100`,
    gossipAddress: `${id}:7946`,
    stamp: 1,
    keyIds: [],
    isSelf: false,
    ...overrides,
  };
}

export function viewOf(members: readonly Member[], stamp = 1): MembershipView {
  return { members, stamp };
}
