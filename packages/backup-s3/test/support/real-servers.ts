import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { homedir, tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { S3Client as AwsS3Client, CreateBucketCommand } from "@aws-sdk/client-s3";
import type { S3Settings } from "../../src/index.ts";

/** An S3 server of somebody else, as processes of its own, in a folder of its own, on loopback. */
export interface RealServer {
  readonly settings: S3Settings;
  stop(): Promise<void>;
}

const BUCKET = "tidewire-test";
/** A busy machine takes its time to start five Python programs. */
const START_MS = 60_000;

const goPath = process.env["GOPATH"] ?? join(homedir(), "go");
const path = (process.env["PATH"] ?? "").split(":");

function programOf(name: string, given: string | undefined): string | undefined {
  const candidates = [given, ...[join(goPath, "bin"), ...path].map((folder) => join(folder, name))];
  return candidates.find((candidate) => candidate !== undefined && existsSync(candidate));
}

const minio = programOf("minio", process.env["TIDEWIRE_MINIO_BIN"]);
const swift = programOf("swift-proxy-server", undefined);

/** The servers of this machine. On CI a missing one is a failure; MinIO only where there is Go to build it with. */
export const realServers: readonly (readonly [name: string, start: () => Promise<RealServer>])[] = [
  ...available("MinIO", minio, startMinio, programOf("go", undefined) !== undefined),
  ...available("Swift", swift, startSwift, true),
];

function available(
  name: string,
  program: string | undefined,
  start: (program: string) => Promise<RealServer>,
  isRequired: boolean,
): [string, () => Promise<RealServer>][] {
  if (program !== undefined) return [[name, () => start(program)]];
  const hint = `${name} is missing: run packages/backup-s3/scripts/install-s3-servers.sh`;
  if (isRequired && process.env["CI"] === "true") throw new Error(hint);
  console.warn(`left out: ${hint}`);
  return [];
}

class Processes {
  readonly folder: string;
  readonly #children: ChildProcess[] = [];

  constructor(folder: string) {
    this.folder = folder;
  }

  static async create(name: string): Promise<Processes> {
    return new Processes(await mkdtemp(join(tmpdir(), `tidewire-${name}-`)));
  }

  run(program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): void {
    const child = spawn(program, args, { stdio: "ignore", env: { ...process.env, ...env }, cwd: this.folder });
    this.#children.push(child);
  }

  async stop(): Promise<void> {
    const running = this.#children.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null);
    const ended = running.map((child) => new Promise((resolve) => child.once("close", resolve)));
    for (const child of running) child.kill("SIGKILL");
    await Promise.all(ended);
    await rm(this.folder, { recursive: true, force: true });
  }
}

async function startMinio(program: string): Promise<RealServer> {
  const processes = await Processes.create("minio");
  const port = await freePort();
  const credentials = { accessKeyId: "tidewire", secretAccessKey: "tidewire-secret" };
  const env = { MINIO_ROOT_USER: credentials.accessKeyId, MINIO_ROOT_PASSWORD: credentials.secretAccessKey };
  const args = ["server", join(processes.folder, "data"), "--address", `127.0.0.1:${port}`, "--quiet"];
  processes.run(program, [...args, "--console-address", `127.0.0.1:${await freePort()}`], env);
  return ready(processes, port, credentials);
}

/** One replica of everything; the five programs that a Swift with the S3 API consists of. */
async function startSwift(proxy: string): Promise<RealServer> {
  const processes = await Processes.create("swift");
  const { folder } = processes;
  const ports = { proxy: await freePort(), memcached: await freePort() };
  const user = userInfo().username;
  await mkdir(join(folder, "devices", "d1"), { recursive: true });
  await mkdir(join(folder, "recon"));
  const write = (name: string, text: string): Promise<void> => writeFile(join(folder, name), text);
  await write(
    "swift.conf",
    "[swift-hash]\nswift_hash_path_suffix = tidewire\n[storage-policy:0]\nname = one\ndefault = yes\n",
  );
  for (const kind of ["account", "container", "object"]) {
    const port = await freePort();
    const builder = (...args: string[]): void =>
      void execFileSync(proxy.replace("proxy-server", "ring-builder"), [`${kind}.builder`, ...args], {
        cwd: folder,
        stdio: "ignore",
      });
    builder("create", "4", "1", "1");
    builder("add", `r1z1-127.0.0.1:${port}/d1`, "1");
    builder("rebalance");
    await write(
      `${kind}.conf`,
      `[DEFAULT]\nbind_ip = 127.0.0.1\nbind_port = ${port}\nworkers = 0\nuser = ${user}\nswift_dir = ${folder}\n` +
        `devices = ${folder}/devices\nmount_check = false\nfallocate_reserve = 0\n` +
        `[pipeline:main]\npipeline = ${kind}-server\n[app:${kind}-server]\nuse = egg:swift#${kind}\n` +
        `recon_cache_path = ${folder}/recon\n`,
    );
    processes.run(proxy.replace("proxy", kind), [join(folder, `${kind}.conf`)]);
  }
  await write(
    "proxy.conf",
    `[DEFAULT]\nbind_ip = 127.0.0.1\nbind_port = ${ports.proxy}\nworkers = 0\nuser = ${user}\nswift_dir = ${folder}\n` +
      "[pipeline:main]\npipeline = catch_errors cache listing_formats s3api tempauth proxy-server\n" +
      "[app:proxy-server]\nuse = egg:swift#proxy\nallow_account_management = true\naccount_autocreate = true\n" +
      "[filter:catch_errors]\nuse = egg:swift#catch_errors\n[filter:listing_formats]\nuse = egg:swift#listing_formats\n" +
      `[filter:cache]\nuse = egg:swift#memcache\nmemcache_servers = 127.0.0.1:${ports.memcached}\n` +
      "[filter:s3api]\nuse = egg:swift#s3api\nlocation = us-east-1\nallow_multipart_uploads = no\n" +
      "[filter:tempauth]\nuse = egg:swift#tempauth\nuser_test_tester = testing .admin\n",
  );
  processes.run("memcached", ["-l", "127.0.0.1", "-p", String(ports.memcached), "-U", "0", "-u", user]);
  processes.run(proxy, [join(folder, "proxy.conf")]);
  return ready(processes, ports.proxy, { accessKeyId: "test:tester", secretAccessKey: "testing" });
}

/** Resolves when a bucket could be made, which takes every part of the server. */
async function ready(processes: Processes, port: number, credentials: S3Settings["credentials"]): Promise<RealServer> {
  const endpoint = `http://127.0.0.1:${port}`;
  const region = "us-east-1";
  const aws = new AwsS3Client({ endpoint, region, credentials, forcePathStyle: true, maxAttempts: 1 });
  const until = performance.now() + START_MS;
  for (;;) {
    try {
      await aws.send(new CreateBucketCommand({ Bucket: BUCKET }));
      break;
    } catch (error) {
      if ((error as Error).name === "BucketAlreadyOwnedByYou") break;
      if (performance.now() > until) {
        await processes.stop();
        throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
  aws.destroy();
  const settings: S3Settings = { endpoint, region, bucket: BUCKET, addressing: "path", credentials };
  return { settings, stop: () => processes.stop() };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { readonly port: number };
      server.close(() => resolve(port));
    });
  });
}
