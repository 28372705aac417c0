import { describe, expect, test } from "@jest/globals";
import { planCluster, portsNeeded } from "../src/up/cluster-plan.ts";

const plan = (hosts: number, routingTables: number, logShards = 1) =>
  planCluster({
    root: "/repo",
    dataFolder: "/data",
    port: 8080,
    hosts,
    routingTables,
    logShards,
    documents: ["/a.js", "/b.js"],
    assets: undefined,
    link: "binary",
    logLevel: "info",
    ports: Array.from({ length: portsNeeded({ hosts, routingTables, logShards }) }, (_, index) => 20_000 + index),
  });

describe("the plan of a local system", () => {
  test.each([
    [1, 1, 1],
    [2, 1, 3],
    [3, 3, 2],
  ])("%i hosts, %i routing tables, %i logs: every address is used once, none is missing", (hosts, tables, logs) => {
    const processes = plan(hosts, tables, logs);
    expect(processes.map((process) => process.app).sort()).toEqual(
      [
        "edge-proxy",
        ...Array.from({ length: logs }, () => "log-storage"),
        ...Array.from({ length: hosts }, () => "document-host"),
        ...Array.from({ length: tables }, () => "routing-table"),
      ].sort(),
    );
    const own = processes.flatMap(({ args }) =>
      args.filter((arg) => /^--(admin\.listen|link\.listen|gossip\.bind)=/.test(arg)).map((arg) => arg.split("=")[1]!),
    );
    expect(new Set(own).size).toBe(own.length);
    expect(own).toHaveLength(portsNeeded({ hosts, routingTables: tables, logShards: logs }));
    expect(JSON.stringify(processes)).not.toContain("undefined");
  });

  test("the log starts first, the edge last; hosts know the log, the edge the routing tables", () => {
    const processes = plan(2, 2);
    const stage = (app: string) => processes.find((process) => process.app === app)!.stage;
    expect(stage("log-storage")).toBeLessThan(stage("document-host"));
    expect(stage("document-host")).toBeLessThan(stage("edge-proxy"));
    const flag = (app: string, name: string) =>
      processes
        .find((process) => process.app === app)!
        .args.find((arg) => arg.startsWith(`--${name}=`))
        ?.split("=")[1];
    expect(flag("document-host", "log.addresses")).toBe(flag("log-storage", "link.listen"));
    expect(flag("edge-proxy", "routing.addresses")!.split(",")).toHaveLength(2);
    expect(flag("document-host", "documents")).toBe("/a.js,/b.js");
    expect(flag("edge-proxy", "edge.assets")).toBeUndefined();
  });

  test("every host knows all shards of the log in their order, and each shard has a folder and an index of its own", () => {
    const processes = plan(2, 1, 3);
    const flags = (app: string, name: string) =>
      processes
        .filter((process) => process.app === app)
        .map(({ args }) => args.find((arg) => arg.startsWith(`--${name}=`))?.split("=")[1]);
    const links = flags("log-storage", "link.listen");
    expect(flags("document-host", "log.addresses")).toEqual([links.join(","), links.join(",")]);
    expect(flags("log-storage", "storage.shard.index")).toEqual(["0", "1", "2"]);
    expect(flags("log-storage", "storage.shard.count")).toEqual(["3", "3", "3"]);
    expect(flags("log-storage", "storage.directory")).toEqual(["/data/log", "/data/log-1", "/data/log-2"]);
  });
});
