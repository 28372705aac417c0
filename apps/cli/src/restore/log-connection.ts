import { readFileSync } from "node:fs";
import { noLogger, noMetrics, SystemClock, SystemRandom } from "@tidewire/foundation";
import { type LinkTransport, PeerLink } from "@tidewire/link";
import { createBinaryLinkTransport } from "@tidewire/link-binary";
import { createGrpcLinkTransport } from "@tidewire/link-grpc";
import { type LogEngine, LogShardLinks } from "@tidewire/log-engine";
import { type Command, Option } from "commander";
import { UsageError } from "./s3-flags.ts";

export interface LogFlags {
  /** host:port of each shard, in their order. */
  readonly log?: string;
  readonly "link.kind": "binary" | "grpc";
  readonly "link.sharedKey"?: string;
  readonly "link.sharedKeyFile"?: string;
}

/** What services use on loopback when they were not given a secret. */
const DEVELOPMENT_KEY = "tidewire-development-only";

export function withLogFlags(command: Command): Command {
  return command
    .addOption(new Option("--log <addresses>", "host:port of log-storage; of every shard in order, with commas"))
    .addOption(
      new Option("--link.kind <kind>", "how the processes talk")
        .choices(["binary", "grpc"])
        .default("binary")
        .env("LINK"),
    )
    .addOption(new Option("--link.sharedKey <key>", "secret of the cluster").env("TIDEWIRE_LINK_SHARED_KEY"))
    .addOption(
      new Option("--link.sharedKeyFile <file>", "file that holds it instead").env("TIDEWIRE_LINK_SHARED_KEY_FILE"),
    );
}

export interface LogConnection {
  readonly engine: LogEngine;
  close(): Promise<void>;
}

/** Throws `UsageError` if there is nothing to connect to. */
export function connectToLog(flags: LogFlags, nodeId: string): LogConnection {
  if (flags.log === undefined) throw new UsageError("set --log: where the running system keeps its log");
  const modules = { clock: new SystemClock(), random: new SystemRandom(), logger: noLogger, metrics: noMetrics };
  const settings = { nodeId, role: "document-host", sharedKey: keyOf(flags), heartbeatMs: 5_000 };
  const transport: LinkTransport =
    flags["link.kind"] === "grpc"
      ? createGrpcLinkTransport({ ...settings, shape: "multiplexed" }, modules)
      : createBinaryLinkTransport(settings, modules);
  const links = flags.log.split(",").map((address) => new PeerLink(address.trim(), { ...modules, transport }));
  const log = new LogShardLinks(links, modules);
  log.connect();
  return { engine: log.engine, close: () => log.close() };
}

function keyOf(flags: LogFlags): string {
  const path = flags["link.sharedKeyFile"];
  if (path === undefined) return flags["link.sharedKey"] ?? DEVELOPMENT_KEY;
  try {
    return readFileSync(path, "utf8").trim();
  } catch (error) {
    throw new UsageError(`cannot read --link.sharedKeyFile: ${(error as Error).message}`);
  }
}
