// Generated from routing.xml, digest 6e6e5ad59f5c2fac. Do not edit; run codegen.
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

export const routingProtocol = { name: "routing", version: 1, digest: "6e6e5ad59f5c2fac" } as const;

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
  digest: "6e6e5ad59f5c2fac",
  heartbeatMs: 5000,
  callers: ["edge-proxy", "document-host", "tool"],
  methods: {
    watch: routingWatch,
  },
} as const;
