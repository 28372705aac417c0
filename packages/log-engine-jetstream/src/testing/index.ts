/** For tests only: real NATS servers. */
export { currentServer, isMissing, type NatsBinary, oldServer } from "./nats-binaries.ts";
export { NatsCluster } from "./nats-cluster.ts";
export { freePorts, NatsProcess, type NatsProcessOptions } from "./nats-process.ts";
