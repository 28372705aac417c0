import type { Member, MembershipView } from "@tidewire/membership";
import type { HostEntry, RoutingTable } from "@tidewire/protocol-routing";
import { compareHostIds } from "./rendezvous.ts";
import { xxh64Hex } from "./xxh64.ts";

/** Role of the members that own documents. */
export const HOST_ROLE = "document-host";

/**
 * The table a view of the membership stands for. Pure: equal records give equal bytes on every node. A suspect stays
 * in it; only the dead and those who left are out.
 */
export function deriveTable(view: MembershipView, epoch: number): RoutingTable {
  const hosts = view.members.filter(isHost).map(entryOf).sort(compareHostIds);
  return { epoch, version: view.stamp, digest: digestOf(hosts), isFrozen: false, hosts };
}

/**
 * XXH64 over the canonical text of the entries: id, address, zone, weight, state and boot, each ended by U+001F, each
 * entry ended by U+001E. Epoch and version are not in it, so that equal contents compare equal.
 * @param hosts sorted by id.
 */
export function digestOf(hosts: readonly HostEntry[]): string {
  let text = "";
  for (const { id, address, zone, weight, state, boot } of hosts) {
    for (const field of [id, address, zone, weight, state, boot]) text += `${field}\u001f`;
    text += "\u001e";
  }
  return xxh64Hex(text);
}

/** Positive if `a` supersedes `b`: a higher epoch, or the same one with a higher version. */
export function compareTables(a: RoutingTable, b: RoutingTable): number {
  return a.epoch - b.epoch || a.version - b.version;
}

/** Nothing a reader of the table could tell apart. */
export function isSameTable(a: RoutingTable | undefined, b: RoutingTable | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return compareTables(a, b) === 0 && a.digest === b.digest && a.isFrozen === b.isFrozen;
}

export function isHost(member: Member): boolean {
  const isHere = member.health === "alive" || member.health === "suspect";
  return isHere && member.role === HOST_ROLE && member.linkAddress !== "";
}

function entryOf({ id, linkAddress, zone, weight, lifecycle, boot }: Member): HostEntry {
  return { id, address: linkAddress, zone, weight, state: lifecycle, boot };
}
