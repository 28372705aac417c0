import { describe, expect, test } from "@jest/globals";
import { planCluster, portsNeeded } from "../src/up/cluster-plan.ts";

const plan = (hosts: number, routingTables: number) =>
  planCluster({
    root: "/repo",
    dataFolder: "/data",
    port: 8080,
    hosts,
    routingTables,
    documents: ["/a.js", "/b.js"],
    assets: undefined,
    link: "binary",
    logLevel: "info",
    ports: Array.from({ length: portsNeeded(hosts, routingTables) }, (_, index) => 20_000 + index),
  });

describe("the plan of a local system", () => {
  test.each([
    [1, 1],
    [2, 1],
    [3, 3],
  ])("%i hosts and %i routing tables: every address is used once, none is missing", (hosts, routingTables) => {
    const processes = plan(hosts, routingTables);
    expect(processes.map((process) => process.app).sort()).toEqual(
      [
        ...["edge-proxy", "log-storage"],
        ...Array.from({ length: hosts }, () => "document-host"),
        ...Array.from({ length: routingTables }, () => "routing-table"),
      ].sort(),
    );
    const own = processes.flatMap(({ args }) =>
      args.filter((arg) => /^--(admin\.listen|link\.listen|gossip\.bind)=/.test(arg)).map((arg) => arg.split("=")[1]!),
    );
    expect(new Set(own).size).toBe(own.length);
    expect(own).toHaveLength(portsNeeded(hosts, routingTables));
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
});
