import { join } from "node:path";

/** One process of the local cluster: what to run, and how to see that it is ready. */
export interface PlannedProcess {
  /** Unique; also the node id. */
  readonly name: string;
  readonly app: "log-storage" | "routing-table" | "document-host" | "edge-proxy";
  readonly script: string;
  readonly args: readonly string[];
  /** `host:port` of `/readyz`. */
  readonly admin: string;
  /** Started together, after everything of a lower stage is ready; stopped in the opposite order. */
  readonly stage: number;
}

export interface ClusterOptions {
  /** Folder that holds `apps/`. */
  readonly root: string;
  readonly dataFolder: string;
  /** Public port of the edge. */
  readonly port: number;
  readonly hosts: number;
  readonly routingTables: number;
  /** Log storages the documents are divided over. */
  readonly logShards: number;
  /** File with further settings of the log storages. */
  readonly logConfig?: string | undefined;
  /** Bundles with document definitions. */
  readonly documents: readonly string[];
  /** Folder of static files the edge serves. */
  readonly assets: string | undefined;
  readonly link: "binary" | "grpc";
  readonly logLevel: string;
  /** One free port for every need of the plan: see `portsNeeded`. */
  readonly ports: readonly number[];
}

/** The edge needs an admin port, a log storage also one for the link, the others one more for gossip. */
export function portsNeeded({ hosts, routingTables, logShards }: ClusterSize): number {
  return 1 + 2 * logShards + 3 * (hosts + routingTables);
}

export type ClusterSize = Pick<ClusterOptions, "hosts" | "routingTables" | "logShards">;

/** Settings as they stand on a command line; a list is joined by commas, an empty one is left out. */
type Settings = Readonly<Record<string, string | readonly string[]>>;

/**
 * The whole system on loopback: log storage, routing tables and document hosts that gossip, one edge. The settings
 * are the ones the Helm chart uses; only addresses and counts differ.
 */
export function planCluster(options: ClusterOptions): PlannedProcess[] {
  const free = [...options.ports];
  const address = (): string => `127.0.0.1:${free.shift()!}`;
  const names = (role: string, count: number) =>
    Array.from({ length: count }, (_, index) => ({ name: `${role}-${index + 1}`, link: address(), gossip: address() }));
  const logs = Array.from({ length: options.logShards }, (_, index) => ({ index, link: address() }));
  const tables = names("routing-table", options.routingTables);
  const hosts = names("document-host", options.hosts);

  const planned = (app: PlannedProcess["app"], name: string, stage: number, settings: Settings): PlannedProcess => {
    const admin = address();
    const common: Settings = {
      "node.id": name,
      "admin.listen": admin,
      "link.kind": options.link,
      "logging.level": options.logLevel,
    };
    const script = join(options.root, "apps", app, "dist", "main.js");
    return { name, app, script, admin, stage, args: flagsOf({ ...common, ...settings }) };
  };
  const member = (node: (typeof tables)[number]): Settings => ({
    "link.listen": node.link,
    "gossip.bind": node.gossip,
    "gossip.seeds": tables.map((table) => table.gossip),
    // The short timers: on loopback a probe that takes 200 ms means trouble.
    "gossip.profile": "fast",
  });

  return [
    ...logs.map(({ index, link }) =>
      planned("log-storage", `log-storage-${index + 1}`, 0, {
        "link.listen": link,
        // The first one as if it were the only one: with another number of shards it refuses to start.
        "storage.directory": join(options.dataFolder, index === 0 ? "log" : `log-${index}`),
        "storage.shard.index": String(index),
        "storage.shard.count": String(options.logShards),
        config: options.logConfig ?? [],
      }),
    ),
    ...tables.map((table) => planned("routing-table", table.name, 0, member(table))),
    ...hosts.map((host) =>
      planned("document-host", host.name, 1, {
        ...member(host),
        "log.addresses": logs.map((log) => log.link),
        conformance: "true",
        documents: options.documents,
      }),
    ),
    planned("edge-proxy", "edge-proxy-1", 2, {
      "edge.listen": `127.0.0.1:${options.port}`,
      "routing.addresses": tables.map((table) => table.link),
      "edge.assets": options.assets ?? [],
      // When it stops, everything stops: there is no other edge that clients could be spread over.
      "drain.spreadMax": "0ms",
      "drain.grace": "200ms",
    }),
  ];
}

function flagsOf(settings: Settings): string[] {
  return Object.entries(settings).flatMap(([path, value]) =>
    value.length === 0 ? [] : [`--${path}=${typeof value === "string" ? value : value.join(",")}`],
  );
}
