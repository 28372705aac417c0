import type { Member } from "./member.ts";
import type { Peer } from "./member-map.ts";

export function memberOf(peer: Peer, isSelf: boolean): Member {
  const { state } = peer;
  const { record } = state;
  return {
    id: peer.id,
    boot: state.boot,
    incarnation: state.incarnation,
    health: state.severity,
    lifecycle: record?.lifecycle ?? "joining",
    role: record?.role ?? "",
    zone: record?.zone ?? "",
    weight: record?.weight ?? 1,
    linkAddress: record?.linkAddress ?? "",
    gossipAddress: record?.gossipAddress ?? "",
    stamp: state.stamp,
    keyIds: peer.keyIds,
    isSelf,
  };
}

/** By code units, so that every process sorts alike. */
export function compareIds(a: { readonly id: string }, b: { readonly id: string }): number {
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}
