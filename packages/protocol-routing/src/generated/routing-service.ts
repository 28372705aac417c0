// Generated from routing.xml, digest d3685970be7f4019. Do not edit; run codegen.
import type { StreamMethod } from "@tidewire/wire";
import {
  EmptyCodec,
  RoutingTableCodec,
  WatchRequestCodec,
} from "./routing-codecs.ts";
import type {
  Empty,
  RoutingTable,
  WatchRequest,
} from "./routing-types.ts";

export const routingProtocol = { name: "routing", version: 1, digest: "d3685970be7f4019" } as const;

const routingWatch: StreamMethod<WatchRequest, Empty, RoutingTable> = {
  kind: "stream",
  id: 769,
  name: "Routing/watch",
  open: WatchRequestCodec,
  up: EmptyCodec,
  down: RoutingTableCodec,
  credit: 16,
  deadlineMs: 10000,
};

export const RoutingService = {
  name: "Routing",
  id: 3,
  protocol: "routing",
  version: 1,
  digest: "d3685970be7f4019",
  heartbeatMs: 5000,
  callers: [],
  methods: {
    watch: routingWatch,
  },
} as const;
