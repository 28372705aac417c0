import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { parse } from "yaml";
import { chartFolder, renderChart, repositoryRoot } from "../src/render-chart.ts";

const services = ["edge-proxy", "document-host", "routing-table", "log-storage"] as const;
const LINK_PORT = 7300;
const GOSSIP_PORT = 7301;
const ADMIN_PORT = 9090;

/** A rendered object, as far as these tests look into it. */
interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly annotations?: Record<string, string> };
  readonly data?: Record<string, string>;
  readonly spec: {
    readonly replicas?: number;
    readonly strategy?: object;
    readonly maxUnavailable?: number;
    readonly scaleTargetRef?: { readonly kind: string; readonly name: string };
    readonly metrics?: readonly object[];
    readonly selector: { readonly matchLabels: Record<string, string> };
    readonly podSelector: { readonly matchLabels: Record<string, string> };
    readonly ingress: readonly {
      readonly from?: readonly object[];
      readonly ports: readonly { readonly port: number; readonly protocol?: string }[];
    }[];
    readonly template: {
      readonly metadata: { readonly labels: Record<string, string>; readonly annotations: Record<string, string> };
      readonly spec: Pod;
    };
  };
}

interface Pod {
  readonly automountServiceAccountToken: boolean;
  readonly terminationGracePeriodSeconds: number;
  readonly securityContext: object;
  readonly volumes: readonly { readonly name: string; readonly secret?: { readonly secretName: string } }[];
  readonly containers: readonly {
    readonly env: readonly { readonly name: string; readonly value?: string; readonly valueFrom?: object }[];
    readonly lifecycle?: { readonly preStop: { readonly exec: { readonly command: readonly string[] } } };
    readonly securityContext: object;
    readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
  }[];
}

const render = (...settings: string[]): Manifest[] =>
  renderChart<Manifest>(...settings.flatMap((setting) => ["--set", setting]));
const jetStream = ["logStorage.engine=jetstream", "nats.url=nats://a:4222"];

function workload(manifests: readonly Manifest[], service: string): Manifest {
  const found = manifests.find(
    ({ kind, metadata }) => ["Deployment", "StatefulSet"].includes(kind) && metadata.name.endsWith(service),
  );
  return found!;
}

function ofKind(manifests: readonly Manifest[], wanted: string, service: string): Manifest {
  return manifests.find(({ kind, metadata }) => kind === wanted && metadata.name.endsWith(service))!;
}

/** What the program makes of the settings that the chart gives it. */
function settingsInForce(service: string, manifests: readonly Manifest[]): Record<string, Record<string, unknown>> {
  const folder = mkdtempSync(join(tmpdir(), "tidewire-chart-"));
  try {
    const file = join(folder, "config.yaml");
    writeFileSync(file, ofKind(manifests, "ConfigMap", service).data!["config.yaml"]!);
    const script = join(repositoryRoot, "apps", service, "dist", "main.js");
    const args = [script, "--config", file, "--print-config"];
    const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
    expect(stderr).toBe("");
    return JSON.parse(stdout) as Record<string, Record<string, unknown>>;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const preStopOf = (pod: Pod): number => Number(pod.containers[0]!.lifecycle?.preStop.exec.command[1] ?? 0);

describe("a pod that is to go", () => {
  test.each(services)("%s has ended before Kubernetes ends it", (service) => {
    const manifests = render();
    const pod = workload(manifests, service).spec.template.spec;
    const { shutdown, drain } = settingsInForce(service, manifests);
    const graceMs = shutdown!["grace"] as number;
    expect(graceMs).toBeGreaterThanOrEqual(15_000);
    expect(preStopOf(pod) * 1_000 + graceMs).toBeLessThan(pod.terminationGracePeriodSeconds * 1_000);
    if (service !== "edge-proxy") return;
    // What an edge takes at the most to send its clients away fits.
    expect((drain!["spreadMax"] as number) + (drain!["grace"] as number)).toBeLessThan(graceMs);
  });

  test("gives its process more time when it has more, but for what the operator says", () => {
    const longer = render("documentHost.terminationGracePeriodSeconds=600");
    expect(settingsInForce("document-host", longer)["shutdown"]).toEqual({ grace: 590_000 });
    const told = render("documentHost.config.shutdown.grace=40s");
    expect(settingsInForce("document-host", told)["shutdown"]).toEqual({ grace: 40_000 });
    expect(() => render("documentHost.terminationGracePeriodSeconds=14")).toThrow("terminationGracePeriodSeconds");
  });

  test("stays until no Service sends anybody to it, where one does", () => {
    for (const [settings, waiting] of [
      [[], ["edge-proxy"]],
      [jetStream, ["edge-proxy", "log-storage"]],
    ] as const) {
      const manifests = render(...settings);
      const waits = services.filter((service) => preStopOf(workload(manifests, service).spec.template.spec) > 0);
      expect(waits).toEqual(waiting);
    }
  });
});

describe("an upgrade", () => {
  test("replaces proxies, hosts and log storages without a disk by one more, never by one fewer", () => {
    const manifests = render(...jetStream);
    for (const service of ["edge-proxy", "document-host", "log-storage"]) {
      const { strategy } = workload(manifests, service).spec;
      expect(strategy).toEqual({ type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } });
    }
  });

  test.each([
    ["documents={/a.js}", ["document-host"]],
    ["auth.jwt.jwksUrl=https://a.example/keys", ["edge-proxy"]],
    ["routingTable.replicas=5", ["edge-proxy"]],
    ["logStorage.shards=2", ["document-host", "log-storage"]],
    ["logLevel=warn", [...services]],
  ])("with %s rolls what reads it alone", (setting, rolled) => {
    const checksums = (manifests: readonly Manifest[]) =>
      services.map((service) => workload(manifests, service).spec.template.metadata.annotations["checksum/config"]);
    const [before, after] = [checksums(render()), checksums(render(setting))];
    expect(services.filter((_, index) => before[index] !== after[index])).toEqual(rolled);
  });

  test.each([[[]], [jetStream]])("and an eviction take one pod of a kind at a time (%j)", (settings) => {
    const manifests = render(...settings);
    for (const service of services) {
      const { maxUnavailable, selector } = ofKind(manifests, "PodDisruptionBudget", service).spec;
      expect(maxUnavailable).toBe(1);
      expect(workload(manifests, service).spec.template.metadata.labels).toMatchObject(selector.matchLabels);
    }
  });
});

test("proxies and hosts scale by CPU, and by what else is asked for", () => {
  const settings = ["edgeProxy", "documentHost"].flatMap((name) => [
    `${name}.autoscaling.enabled=true`,
    `${name}.autoscaling.metrics[0].type=Pods`,
    `${name}.autoscaling.metrics[0].pods.metric.name=tidewire_edge_sessions`,
  ]);
  const manifests = render(...settings);
  for (const service of ["edge-proxy", "document-host"]) {
    const { scaleTargetRef, metrics } = ofKind(manifests, "HorizontalPodAutoscaler", service).spec;
    const { kind, metadata, spec } = workload(manifests, service);
    expect([scaleTargetRef, spec.replicas]).toEqual([{ apiVersion: "apps/v1", kind, name: metadata.name }, undefined]);
    expect(metrics).toEqual([
      { type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 60 } } },
      { type: "Pods", pods: { metric: { name: "tidewire_edge_sessions" } } },
    ]);
  }
});

test("only processes of the release reach links and gossip", () => {
  const fleet = [
    { podSelector: { matchLabels: { "app.kubernetes.io/name": "tidewire", "app.kubernetes.io/instance": "prod" } } },
  ];
  const gossip = [{ port: GOSSIP_PORT, protocol: "UDP" }, { port: GOSSIP_PORT }];
  const manifests = render();
  const open = {
    "edge-proxy": { ports: [{ port: 8080 }] },
    "document-host": { from: fleet, ports: [{ port: LINK_PORT }, ...gossip] },
    "routing-table": { from: fleet, ports: [{ port: LINK_PORT }, ...gossip] },
    "log-storage": { from: fleet, ports: [{ port: LINK_PORT }] },
  };
  for (const service of services) {
    const { podSelector, ingress } = ofKind(manifests, "NetworkPolicy", service).spec;
    expect(ingress).toEqual([{ ports: [{ port: ADMIN_PORT }] }, open[service]]);
    expect(workload(manifests, service).spec.template.metadata.labels).toMatchObject(podSelector.matchLabels);
  }
});

test("no pod may do more than run its process", () => {
  for (const service of services) {
    const pod = workload(render(), service).spec.template.spec;
    expect(pod.automountServiceAccountToken).toBe(false);
    expect(pod.securityContext).toEqual({
      runAsNonRoot: true,
      ...{ runAsUser: 1000, runAsGroup: 1000, fsGroup: 1000 },
      seccompProfile: { type: "RuntimeDefault" },
    });
    expect(pod.containers[0]!.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
  }
});

describe("secrets", () => {
  test("are files from Secrets, in no environment and in no ConfigMap", () => {
    const manifests = render("auth.existingSecret=jwt", "s3.bucket=b", "s3.existingSecret=s3", ...jetStream);
    for (const service of services) {
      const { env } = workload(manifests, service).spec.template.spec.containers[0]!;
      expect(env.filter(({ valueFrom }) => JSON.stringify(valueFrom)?.includes("ecret"))).toEqual([]);
      const config = parse(ofKind(manifests, "ConfigMap", service).data!["config.yaml"]!) as object;
      expect(JSON.stringify(config)).not.toMatch(/"(sharedKey|secret|password|token|secretAccessKey)":/);
    }
    expect(() => render(`auth.jwt.secret=${"s".repeat(32)}`)).toThrow("/auth/jwt");
  });

  test("of HS256 reach the edge alone", () => {
    const manifests = render("auth.existingSecret=jwt");
    for (const service of services) {
      const pod = workload(manifests, service).spec.template.spec;
      const volume = pod.volumes.find(({ name }) => name === "auth");
      expect(volume).toEqual(service === "edge-proxy" ? { name: "auth", secret: { secretName: "jwt" } } : undefined);
    }
    const { jwt } = settingsInForce("edge-proxy", manifests)["auth"] as { jwt: { secretFile: string } };
    const { volumeMounts } = workload(manifests, "edge-proxy").spec.template.spec.containers[0]!;
    expect(jwt.secretFile).toBe(`${volumeMounts.find(({ name }) => name === "auth")!.mountPath}/jwtSecret`);
  });
});

test("the schema refuses unknown values wherever the chart reads names", () => {
  // Passed on as they are: Kubernetes or the process looks at them.
  const passedOn = new Set([
    "resources",
    "config",
    "nodeSelector",
    "affinity",
    "annotations",
    "jwt",
    "labels",
    "global",
    "items",
  ]);
  const schema = JSON.parse(readFileSync(join(chartFolder, "values.schema.json"), "utf8")) as Schema;
  const open: string[] = [];
  const look = (part: Schema, path: readonly string[]): void => {
    if (part.type === "object" && part.additionalProperties !== false && !passedOn.has(path.at(-1)!)) {
      open.push(path.join("."));
    }
    for (const [name, child] of Object.entries(part.properties ?? {})) look(child, [...path, name]);
  };
  look(schema, ["values"]);
  expect(open).toEqual([]);
  expect(() => render("edgeproxy.replicas=2")).toThrow("edgeproxy");
});

interface Schema {
  readonly type?: string;
  readonly additionalProperties?: boolean;
  readonly properties?: Readonly<Record<string, Schema>>;
}
