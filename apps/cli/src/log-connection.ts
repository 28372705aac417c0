import { readFileSync } from "node:fs";
import { noLogger, noMetrics, ServiceError, SystemClock, SystemRandom } from "@tidewire/foundation";
import { PeerLink } from "@tidewire/link";
import { createBinaryLinkTransport } from "@tidewire/link-binary";
import type { LinkCertificate } from "@tidewire/link-binary/handshake";
import { createGrpcLinkTransport } from "@tidewire/link-grpc";
import { type LogEngine, RemoteLogEngine, ShardedLogEngine } from "@tidewire/log-engine";
import { type DescribeResponse, LogService, LogTransferService } from "@tidewire/protocol-log";
import { DEVELOPMENT_KEY, readLinkCertificate, StartError } from "@tidewire/service";
import { CommandFailure } from "./command-failure.ts";

export interface LinkFlags {
  readonly link: "binary" | "grpc";
  readonly sharedKeyFile?: string;
  readonly "link.tls.certFile"?: string;
  readonly "link.tls.keyFile"?: string;
  readonly "link.tls.caFile"?: string;
  readonly "link.tls.serverName": string;
}

/** A log that is reached over one or more log storages, one for each shard. */
export interface ConnectedLog {
  readonly engine: LogEngine;
  readonly addresses: readonly string[];
  /** What each log storage says about itself, as of now. */
  describe(): Promise<DescribeResponse[]>;
  /** All shards. Resolves when no write is under way any more. */
  seal(isSealed: boolean, movedTo: string): Promise<void>;
  close(): Promise<void>;
}

/** For the first word of a log storage. */
const DESCRIBE_MS = 5_000;

/** Throws `CommandFailure` unless every address is the log storage of its shard, in order. */
export async function connectLog(addresses: readonly string[], flags: LinkFlags): Promise<ConnectedLog> {
  const clock = new SystemClock();
  const random = new SystemRandom();
  const modules = { clock, random, logger: noLogger, metrics: noMetrics };
  const certificate = certificateOf(flags, clock.wallMs());
  const identity = {
    ...{ nodeId: `tool-${process.pid}`, role: "tool", sharedKey: keyOf(flags), heartbeatMs: LogService.heartbeatMs },
    ...(certificate === undefined ? {} : { certificate }),
  };
  const transport =
    flags.link === "grpc"
      ? createGrpcLinkTransport({ ...identity, shape: "multiplexed" }, modules)
      : createBinaryLinkTransport(identity, modules);
  const links = addresses.map((address) => new PeerLink(address, { ...modules, transport }));
  const engines = links.map((link) => new RemoteLogEngine({ link, clock, random }, {}, links.length));
  const engine = engines.length === 1 ? engines[0]! : new ShardedLogEngine(engines);
  const log: ConnectedLog = {
    engine,
    addresses,
    describe: () =>
      Promise.all(
        links.map((link) =>
          link
            .call(LogService.methods.describe, {}, { deadlineMs: DESCRIBE_MS })
            .catch((error: unknown) => Promise.reject(cannotUse(link.address, error))),
        ),
      ),
    seal: async (isSealed, movedTo) => {
      await Promise.all(links.map((link) => link.call(LogTransferService.methods.seal, { isSealed, movedTo })));
    },
    close: async () => {
      await engine.close();
      await Promise.all(links.map((link) => link.close()));
    },
  };
  try {
    requireShards(await log.describe(), addresses);
  } catch (error) {
    await log.close();
    throw error;
  }
  return log;
}

function requireShards(described: readonly DescribeResponse[], addresses: readonly string[]): void {
  const count = addresses.length;
  for (const [index, { shard }] of described.entries()) {
    if (shard.index === index && shard.count === count) continue;
    throw new CommandFailure(
      `${addresses[index]} is shard ${shard.index} of ${shard.count}: name all ${shard.count} log storages of that log, in the order of their shards`,
      2,
    );
  }
}

function cannotUse(address: string, error: unknown): CommandFailure {
  const { code, message } = ServiceError.from(error);
  if (code === "unsupported") return new CommandFailure(`${address} is of an older version: upgrade it first`);
  if (code === "unauthenticated") {
    return new CommandFailure(`${address} refuses the shared key: give the one of its cluster with --shared-key-file`);
  }
  return new CommandFailure(`cannot reach the log storage at ${address}: ${message}`);
}

function certificateOf(flags: LinkFlags, nowMs: number): LinkCertificate | undefined {
  const settings = {
    certFile: flags["link.tls.certFile"],
    keyFile: flags["link.tls.keyFile"],
    caFile: flags["link.tls.caFile"],
    serverName: flags["link.tls.serverName"],
  };
  try {
    return readLinkCertificate(settings, nowMs);
  } catch (error) {
    if (error instanceof StartError) throw new CommandFailure(error.message, error.exitCode);
    throw error;
  }
}

function keyOf(flags: LinkFlags): string {
  if (flags.sharedKeyFile === undefined) return process.env["TIDEWIRE_LINK_SHARED_KEY"] ?? DEVELOPMENT_KEY;
  try {
    return readFileSync(flags.sharedKeyFile, "utf8").trim();
  } catch (error) {
    throw new CommandFailure(`cannot read ${flags.sharedKeyFile}: ${(error as Error).message}`, 2);
  }
}
