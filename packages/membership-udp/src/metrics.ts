import type { Counter, MetricsSink } from "@tidewire/foundation";

export interface TransportMetrics {
  readonly datagrams: Counter;
  readonly bytes: Counter;
  readonly refused: Counter;
  readonly errors: Counter;
  readonly exchanges: Counter;
}

export function transportMetrics(sink: MetricsSink): TransportMetrics {
  return {
    datagrams: sink.counter("tidewire_gossip_datagrams_total", "Gossip datagrams.", ["direction"]),
    bytes: sink.counter("tidewire_gossip_datagram_bytes_total", "Bytes of gossip datagrams, sealed.", ["direction"]),
    refused: sink.counter("tidewire_gossip_refused_total", "Input that was not let in, by reason.", ["reason"]),
    errors: sink.counter("tidewire_gossip_socket_errors_total", "Errors of gossip sockets.", ["socket"]),
    exchanges: sink.counter("tidewire_gossip_exchanges_total", "Exchanges over streams, by outcome.", ["outcome"]),
  };
}
