import type { Counter, Gauge, MetricsSink } from "@tidewire/foundation";

/** Everything this package measures. */
export interface MembershipMetrics {
  readonly members: Gauge;
  readonly localHealth: Gauge;
  readonly queued: Gauge;
  readonly probes: Counter;
  readonly refutations: Counter;
  readonly changes: Counter;
  readonly syncs: Counter;
  readonly faults: Counter;
  readonly brokenPaths: Counter;
}

export function membershipMetrics(sink: MetricsSink): MembershipMetrics {
  return {
    members: sink.gauge("tidewire_membership_members", "Members known, by health.", ["health"]),
    localHealth: sink.gauge("tidewire_membership_local_health", "How badly this node itself does, 0 is well."),
    queued: sink.gauge("tidewire_membership_queued_statements", "Statements waiting to be gossiped."),
    probes: sink.counter("tidewire_membership_probes_total", "Probe rounds, by outcome.", ["outcome"]),
    refutations: sink.counter("tidewire_membership_refutations_total", "Accusations this node had to refute.", [
      "kind",
    ]),
    changes: sink.counter("tidewire_membership_changes_total", "Changes of members' health as seen here.", ["after"]),
    syncs: sink.counter("tidewire_membership_syncs_total", "Anti-entropy exchanges begun here, by outcome.", [
      "outcome",
    ]),
    faults: sink.counter("tidewire_membership_faults_total", "Input that was refused, by reason.", ["reason"]),
    brokenPaths: sink.counter(
      "tidewire_membership_broken_paths_total",
      "Members reachable by only one of datagram and stream.",
      ["path"],
    ),
  };
}
