import type { Counter, Gauge, MetricsSink } from "@tidewire/foundation";

export interface TableMetrics {
  readonly version: Gauge;
  readonly hosts: Gauge;
  readonly frozen: Gauge;
}

/** What a holder of a table shows about it. */
export function tableMetrics(sink: MetricsSink): TableMetrics {
  return {
    version: sink.gauge("tidewire_routing_table_version", "Version of the routing table in use."),
    hosts: sink.gauge("tidewire_routing_hosts", "Hosts in the routing table, by state.", ["state"]),
    frozen: sink.gauge("tidewire_routing_frozen", "1 while a mass loss is waited out."),
  };
}

export interface ClientMetrics extends TableMetrics {
  readonly streams: Gauge;
  readonly refused: Counter;
}

export function clientMetrics(sink: MetricsSink): ClientMetrics {
  return {
    ...tableMetrics(sink),
    streams: sink.gauge("tidewire_routing_watches", "Streams from the routing tier that delivered a table."),
    refused: sink.counter("tidewire_routing_tables_refused_total", "Tables not taken, by reason.", ["reason"]),
  };
}
