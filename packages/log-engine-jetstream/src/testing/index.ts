/** For tests only: real NATS servers. */

export { type TestAccount, testAccount } from "./nats-accounts.ts";
export { currentServer, isMissing, type NatsBinary, oldServer } from "./nats-binaries.ts";
export { type CertifiedFiles, TestAuthority } from "./nats-certificates.ts";
export { NatsCluster } from "./nats-cluster.ts";
export { freePorts, NatsProcess, type NatsProcessOptions } from "./nats-process.ts";
