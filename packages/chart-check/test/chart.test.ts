import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { parse } from "yaml";
import { helm } from "../src/helm.ts";
import { chartFolder as chart, renderChart, repositoryRoot as root } from "../src/render-chart.ts";

const services = ["edge-proxy", "document-host", "routing-table", "log-storage"];

/** A rendered object, as far as these tests look into it. */
interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly labels?: Record<string, string>;
    readonly annotations?: Record<string, string>;
  };
  readonly data?: Record<string, string>;
  readonly spec?: {
    readonly replicas?: number;
    readonly podManagementPolicy?: string;
    readonly volumeClaimTemplates?: readonly object[];
    readonly maxReplicas?: number;
    readonly template?: { readonly spec: PodSpec };
    readonly selector?: { readonly matchLabels?: Record<string, string> };
  };
}

interface PodSpec {
  readonly enableServiceLinks: boolean;
  readonly terminationGracePeriodSeconds: number;
  readonly securityContext: { readonly runAsNonRoot: boolean };
  readonly volumes: readonly object[];
  readonly containers: readonly {
    readonly args: readonly string[];
    readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
    readonly env: readonly { readonly name: string; readonly value?: string }[];
    readonly resources: { readonly requests?: object; readonly limits?: object };
    readonly readinessProbe?: { readonly httpGet: { readonly path: string } };
    readonly livenessProbe?: { readonly httpGet: { readonly path: string } };
    readonly securityContext: { readonly readOnlyRootFilesystem: boolean };
  }[];
}

const render = (...args: string[]): Manifest[] => renderChart<Manifest>(...args);

function workload(manifests: readonly Manifest[], service: string): Manifest {
  const found = manifests.filter(
    (manifest) => ["Deployment", "StatefulSet"].includes(manifest.kind) && manifest.metadata.name.endsWith(service),
  );
  expect(found).toHaveLength(1);
  return found[0]!;
}

describe("the Helm chart", () => {
  test("passes helm lint --strict", () => {
    const result = helm("lint", "--strict", chart);
    expect(`${result.stdout}${result.stderr}`).toContain("0 chart(s) failed");
    expect(result.status).toBe(0);
  });

  test("has four workloads, each with probes, resources and a locked-down pod", () => {
    const manifests = render();
    for (const service of services) {
      const { template } = workload(manifests, service).spec!;
      const pod = template!.spec;
      const container = pod.containers[0]!;
      expect(container.args).toEqual([service]);
      expect(container.readinessProbe?.httpGet.path).toBe("/readyz");
      expect(container.livenessProbe?.httpGet.path).toBe("/healthz");
      expect(container.resources.requests).toBeDefined();
      expect(container.resources.limits).toBeDefined();
      expect(container.securityContext.readOnlyRootFilesystem).toBe(true);
      expect(pod.securityContext.runAsNonRoot).toBe(true);
      expect(pod.enableServiceLinks).toBe(false);
    }
  });

  test("scales proxies and hosts independently", () => {
    const manifests = render("--set", "edgeProxy.replicas=7,documentHost.replicas=4");
    expect(workload(manifests, "edge-proxy").spec!.replicas).toBe(7);
    expect(workload(manifests, "document-host").spec!.replicas).toBe(4);
    const scaled = render("--set", "edgeProxy.autoscaling.enabled=true");
    expect(workload(scaled, "edge-proxy").spec!.replicas).toBeUndefined();
    expect(scaled.filter((manifest) => manifest.kind === "HorizontalPodAutoscaler")).toHaveLength(1);
  });

  test("divides the log over shards with stable names and volumes, which every host knows in their order", () => {
    const manifests = render("--set", "logStorage.shards=3");
    const { spec, metadata } = workload(manifests, "log-storage");
    expect([spec!.replicas, spec!.podManagementPolicy]).toEqual([3, "Parallel"]);
    expect(metadata.annotations).toEqual({ "tidewire/log-shards": "3" });
    expect(spec!.volumeClaimTemplates).toHaveLength(1);
    const configOf = (service: string) => {
      const found = manifests.find(({ kind, metadata: { name } }) => kind === "ConfigMap" && name.endsWith(service));
      return parse(found!.data!["config.yaml"]!) as {
        log: { addresses: string[] };
        storage: { shard: { count: number } };
      };
    };
    const pods = [0, 1, 2].map((index) => `${metadata.name}-${index}.${metadata.name}.games.svc:7300`);
    expect(configOf("document-host").log.addresses).toEqual(pods);
    expect(configOf("log-storage").storage.shard).toEqual({ count: 3 });
    const single = workload(render(), "log-storage").spec!;
    expect([single.replicas, single.podManagementPolicy]).toEqual([1, undefined]);
  });

  test("a pod is the shard that its name says", () => {
    const folder = mkdtempSync(join(tmpdir(), "tidewire-chart-"));
    try {
      const manifests = render("--set", "logStorage.shards=3");
      const config = manifests.find(
        ({ kind, metadata: { name } }) => kind === "ConfigMap" && name.endsWith("log-storage"),
      );
      const file = join(folder, "config.yaml");
      writeFileSync(file, config!.data!["config.yaml"]!);
      const script = join(root, "apps", "log-storage", "dist", "main.js");
      const start = (pod: string) =>
        spawnSync(process.execPath, [script, "--storage.directory", "/proc/none", "--link.sharedKeyFile", script], {
          encoding: "utf8",
          env: { PATH: process.env["PATH"], TIDEWIRE_CONFIG: file, TIDEWIRE_NODE_ID: pod },
        });
      expect(start("prod-tidewire-log-storage-3").stderr).toMatch(
        /shard.index is 3, but with 3 shards the last one is 2/,
      );
      expect(start("prod-tidewire-log-storage-2").stderr).toMatch(/cannot use storage\.directory/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("with JetStream log storage keeps nothing, scales by itself, and is one name to every host", () => {
    const flags = ["logStorage.engine=jetstream", "logStorage.instances=4", "nats.existingSecret=nats-creds"];
    const url = "nats.url=nats://a:4222";
    const manifests = render(...[...flags, url].flatMap((flag) => ["--set", flag]));
    const { kind, spec } = workload(manifests, "log-storage");
    expect([kind, spec!.replicas, spec!.volumeClaimTemplates]).toEqual(["Deployment", 4, undefined]);
    const configOf = (service: string): { log: object; storage: object; nats: object } => {
      const map = manifests.find((each) => each.kind === "ConfigMap" && each.metadata.name.endsWith(service));
      return parse(map!.data!["config.yaml"]!) as { log: object; storage: object; nats: object };
    };
    expect(configOf("document-host").log).toEqual({ addresses: ["prod-tidewire-log-storage.games.svc:7300"] });
    expect(configOf("log-storage").storage).toEqual({ engine: "jetstream" });
    expect(configOf("log-storage").nats).toMatchObject({
      url: "nats://a:4222",
      replicas: 3,
      credentialsFile: "/etc/tidewire/nats/creds",
    });
    expect(() => render("--set", "logStorage.engine=jetstream")).toThrow(/set nats\.url/);
    expect(() => render("--set", "logStorage.engine=jetstream", "--set", url, "--set", "logStorage.shards=2")).toThrow(
      /logStorage\.instances/,
    );
  });

  test.each([
    ["nkey", { nkeyFile: "/etc/tidewire/nats/nkey" }],
    ["token", { tokenFile: "/etc/tidewire/nats/token" }],
    ["password", { passwordFile: "/etc/tidewire/nats/password", user: "log" }],
  ])("log storage is known to NATS by its %s and speaks TLS with it", (auth, wanted) => {
    const flags = ["logStorage.engine=jetstream", "nats.url=nats://a:4222", "nats.existingSecret=nats-auth"];
    const tls = ["existingSecret=nats-ca", "clientCertificate=true", "serverName=nats.test"].map(
      (each) => `nats.tls.${each}`,
    );
    const given = [...flags, ...tls, `nats.auth=${auth}`, ...("user" in wanted ? ["nats.user=log"] : [])];
    const manifests = render(...given.flatMap((flag) => ["--set", flag]));
    const map = manifests.find(({ kind, metadata }) => kind === "ConfigMap" && metadata.name.endsWith("log-storage"));
    const { nats } = parse(map!.data!["config.yaml"]!) as { nats: Record<string, unknown> };
    const folder = "/etc/tidewire/nats-tls";
    expect(nats).toEqual({
      ...wanted,
      ...{ url: "nats://a:4222", namespace: "tidewire", partitions: 16, replicas: 3 },
      ...{ monitoring: [], syncAlways: false, acceptUnsafe: false },
      tls: {
        enabled: false,
        caFile: `${folder}/ca.crt`,
        certFile: `${folder}/tls.crt`,
        keyFile: `${folder}/tls.key`,
        serverName: "nats.test",
      },
    });
    const pod = workload(manifests, "log-storage").spec!.template!.spec;
    expect(pod.volumes).toContainEqual({ name: "nats", secret: { secretName: "nats-auth" } });
    expect(pod.volumes).toContainEqual({ name: "nats-tls", secret: { secretName: "nats-ca" } });
    const unknown = [...flags, "nats.auth=cookie"].flatMap((flag) => ["--set", flag]);
    expect(() => render(...unknown)).toThrow(/nats\/auth/);
    const nobody = [...flags, "nats.auth=password"].flatMap((flag) => ["--set", flag]);
    expect(() => render(...nobody)).toThrow(/set nats\.user/);
  });

  test("log storage takes the settings of the chart's JetStream", () => {
    const given = ["logStorage.engine=jetstream", "nats.url=nats://127.0.0.1:1", "nats.existingSecret=nats-auth"];
    const access = ["nats.auth=password", "nats.user=log", "nats.tls.enabled=true", "nats.tls.serverName=nats.test"];
    const manifests = render(...[...given, ...access].flatMap((flag) => ["--set", flag]));
    const map = manifests.find(({ kind, metadata }) => kind === "ConfigMap" && metadata.name.endsWith("log-storage"));
    const folder = mkdtempSync(join(tmpdir(), "tidewire-chart-"));
    writeFileSync(join(folder, "config.yaml"), map!.data!["config.yaml"]!);
    const script = join(root, "apps", "log-storage", "dist", "main.js");
    const args = [script, "--config", join(folder, "config.yaml"), "--print-config"];
    const printed = spawnSync(process.execPath, args, { encoding: "utf8" });
    rmSync(folder, { recursive: true });
    expect([printed.status, printed.stderr]).toEqual([0, ""]);
    expect(JSON.parse(printed.stdout)).toMatchObject({
      storage: { engine: "jetstream" },
      nats: { replicas: 3, user: "log" },
    });
  });

  test("gives every process the certificate of the links, if there is one", () => {
    const manifests = render("--set", "link.tls.existingSecret=link-cert");
    for (const service of services) {
      const pod = workload(manifests, service).spec!.template!.spec;
      expect(pod.volumes).toContainEqual({ name: "link-tls", secret: { secretName: "link-cert" } });
      const mount = pod.containers[0]!.volumeMounts.find(({ name }) => name === "link-tls")!;
      const map = manifests.find(({ kind, metadata: { name } }) => kind === "ConfigMap" && name.endsWith(service));
      const { link } = parse(map!.data!["config.yaml"]!) as { link: { tls: Record<string, string> } };
      expect(link.tls).toEqual({
        certFile: `${mount.mountPath}/tls.crt`,
        keyFile: `${mount.mountPath}/tls.key`,
        caFile: `${mount.mountPath}/ca.crt`,
        serverName: "tidewire",
      });
    }
    expect(JSON.stringify(render())).not.toContain("link-tls");
  });

  test("gives every process the same link, with all that is to choose of it", () => {
    const link = { kind: "grpc", grpcShape: "stream-per-document", grpcTuning: "public" };
    const manifests = render(
      "--set",
      Object.entries(link)
        .map(([key, value]) => `link.${key}=${value}`)
        .join(),
    );
    for (const service of services) {
      const map = manifests.find(({ kind, metadata: { name } }) => kind === "ConfigMap" && name.endsWith(service));
      expect(parse(map!.data!["config.yaml"]!)).toMatchObject({ link });
    }
  });

  test("every object carries the labels its selectors look for", () => {
    const manifests = render("--set", "podMonitor.enabled=true,edgeProxy.ingress.enabled=true");
    for (const manifest of manifests) {
      expect(manifest.metadata.labels?.["app.kubernetes.io/instance"]).toBe("prod");
    }
    for (const service of services) {
      const { spec, metadata } = workload(manifests, service);
      expect(metadata.labels).toMatchObject(spec!.selector!.matchLabels!);
    }
  });

  test.each([
    ["logStorage.replicas=2", /replicas/],
    ["logStorage.shards=0", /shards/],
    ["logStorage.shards=65", /shards/],
    ["edgeProxy.replica=2", /replica/],
    ["edgeProxy.replicas=many", /replicas/],
    ["auth.mode=open", /mode/],
    ["link.kind=http", /kind/],
    ["link.grpcTuning=fast", /grpcTuning/],
  ])("refuses the value %s", (value, message) => {
    const result = helm("template", "prod", chart, "--set", value);
    expect(result.status).not.toBe(0);
    expect(result.stderr).toMatch(message);
  });

  test.each(services)("gives %s settings that the program itself accepts", (service) => {
    const settings =
      "documents={/tidewire/apps/demo/dist/documents.js},link.tls.existingSecret=link-cert,link.kind=grpc,link.grpcTuning=public";
    const manifests = render("--set", settings);
    const configMap = manifests.find(
      (manifest) => manifest.kind === "ConfigMap" && manifest.metadata.name.endsWith(service),
    );
    const folder = mkdtempSync(join(tmpdir(), "tidewire-chart-"));
    try {
      const file = join(folder, "config.yaml");
      writeFileSync(file, configMap!.data!["config.yaml"]!);
      const variables = workload(manifests, service).spec!.template!.spec.containers[0]!.env;
      const env = Object.fromEntries(
        variables
          .filter((variable) => variable.name.startsWith("TIDEWIRE_"))
          .map(({ name, value }) => [name, value!.replace("$(POD_NAME)", "pod-0").replace("$(POD_IP)", "10.0.0.7")]),
      );
      const script = join(root, "apps", service, "dist", "main.js");
      const result = spawnSync(process.execPath, [script, "--print-config"], {
        encoding: "utf8",
        env: { PATH: process.env["PATH"], ...env, TIDEWIRE_CONFIG: file },
      });
      expect(result.stderr).toBe("");
      const printed = JSON.parse(result.stdout) as { node: { id: string }; link: object };
      expect(printed.node.id).toBe("pod-0");
      expect(printed.link).toMatchObject({ listen: "0.0.0.0:7300", kind: "grpc", grpcTuning: "public" });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
