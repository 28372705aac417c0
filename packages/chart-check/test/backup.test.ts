import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { parse } from "yaml";
import { renderChart, repositoryRoot as root } from "../src/render-chart.ts";

const settings =
  "s3.bucket=backups,s3.existingSecret=s3-keys,s3.config.retention=14d,s3.endpoint=https://s3.example.com";

interface Rendered {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly data?: Readonly<Record<string, string>>;
  readonly spec?: {
    readonly template?: {
      readonly spec: {
        readonly volumes: readonly { readonly name: string; readonly secret?: { readonly secretName: string } }[];
        readonly containers: readonly {
          readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
        }[];
      };
    };
  };
}

const render = (...args: string[]): Rendered[] => renderChart<Rendered>(...args);

function configOf(manifests: readonly Rendered[], service: string): string {
  const found = manifests.find(({ kind, metadata }) => kind === "ConfigMap" && metadata.name.endsWith(service));
  return found!.data!["config.yaml"]!;
}

describe("the backup in the Helm chart", () => {
  test("is set for log-storage alone, with the keys from the Secret as files", () => {
    const manifests = render("--set", settings);
    expect((parse(configOf(manifests, "log-storage")) as { s3: unknown }).s3).toEqual({
      bucket: "backups",
      endpoint: "https://s3.example.com",
      region: "us-east-1",
      addressing: "path",
      prefix: "",
      cluster: "games-prod",
      accessKeyIdFile: "/etc/tidewire/s3/accessKeyId",
      secretAccessKeyFile: "/etc/tidewire/s3/secretAccessKey",
      retention: "14d",
    });
    for (const service of ["edge-proxy", "document-host", "routing-table"]) {
      expect(configOf(manifests, service)).not.toContain("s3");
    }
    const pods = manifests.filter(({ spec }) => spec?.template !== undefined);
    for (const { metadata, spec } of pods) {
      const { volumes, containers } = spec!.template!.spec;
      const secret = volumes.find(({ name }) => name === "s3")?.secret?.secretName;
      const mount = containers[0]!.volumeMounts.find(({ name }) => name === "s3")?.mountPath;
      const isLog = metadata.name.endsWith("log-storage");
      expect([metadata.name, secret, mount]).toEqual([
        metadata.name,
        ...(isLog ? ["s3-keys", "/etc/tidewire/s3"] : [undefined, undefined]),
      ]);
    }
  });

  test("is off without a bucket, and needs a Secret with one", () => {
    expect(configOf(render(), "log-storage")).not.toContain("s3");
    expect(() => render("--set", "s3.bucket=backups")).toThrow("s3.existingSecret");
    expect(() => render("--set", "s3.secretAccessKey=no")).toThrow();
  });

  test("log-storage knows every setting", () => {
    const folder = mkdtempSync(join(tmpdir(), "tidewire-chart-"));
    try {
      const file = join(folder, "config.yaml");
      writeFileSync(file, configOf(render("--set", settings), "log-storage"));
      const script = join(root, "apps", "log-storage", "dist", "main.js");
      const env = { PATH: process.env["PATH"], TIDEWIRE_CONFIG: file, TIDEWIRE_NODE_ID: "prod-tidewire-log-storage-0" };
      const flags = ["--storage.directory", join(folder, "log"), "--link.sharedKeyFile", script];
      // Everything is understood but for the Secret, which is not mounted here.
      const { stderr, status } = spawnSync(process.execPath, [script, ...flags], { encoding: "utf8", env });
      expect([status, stderr]).toEqual([2, expect.stringContaining("cannot read s3.accessKeyIdFile")]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
