import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { noLogger, noMetrics, ServiceError, SystemClock, SystemRandom } from "@tidewire/foundation";
import { type LinkConnection, type LinkTransport, PeerLink } from "@tidewire/link";
import { createBinaryLinkTransport } from "@tidewire/link-binary";

const apps = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** What a process that was given no other secret uses. */
const DEVELOPMENT_KEY = "tidewire-development-only";

/** The bundle of an app; built if it is not there. `npm test` has built it. */
export function bundleOf(app: string): string {
  const bundle = join(apps, app, "dist", "main.js");
  if (!existsSync(bundle)) execFileSync("npx", ["tidewire-build"], { cwd: join(apps, app), stdio: "inherit" });
  return bundle;
}

export interface StartedProcess {
  readonly child: ChildProcess;
  /** Everything it wrote, and its exit code once it has one. */
  output(): string;
  readonly exited: Promise<number | null>;
}

export function startApp(app: string, settings: Readonly<Record<string, string>>): StartedProcess {
  const flags = Object.entries(settings).map(([name, value]) => `--${name}=${value}`);
  const child = spawn(process.execPath, [bundleOf(app), ...flags], { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data: Buffer) => void (output += data));
  const exited = new Promise<number | null>((resolve) => child.on("exit", (code) => resolve(code)));
  return { child, output: () => output, exited };
}

/** One log storage and its document hosts, as real processes on loopback; the test is their edge. */
export class Cluster {
  readonly folder = mkdtempSync(join(tmpdir(), "tidewire-host-"));
  readonly clock = new SystemClock();
  readonly transport: LinkTransport;
  readonly #processes = new Set<StartedProcess>();
  readonly #links: PeerLink[] = [];
  #seed = "";
  #firstHost = "";

  constructor() {
    const modules = { clock: this.clock, random: new SystemRandom(), logger: noLogger, metrics: noMetrics };
    this.transport = createBinaryLinkTransport(
      { nodeId: "test-edge", role: "edge-proxy", sharedKey: DEVELOPMENT_KEY, heartbeatMs: 1_000 },
      modules,
    );
  }

  async startLog(link: string): Promise<StartedProcess> {
    const admin = await freeAddress();
    return this.#start("log-storage", admin, {
      "node.id": "log-1",
      "link.listen": link,
      "storage.directory": join(this.folder, "log"),
    });
  }

  /** The first host begins the gossip group; the others join it. */
  async startHost(id: string, log: string, settings: Readonly<Record<string, string>> = {}): Promise<HostProcess> {
    const [link, gossip, admin] = [await freeAddress(), await freeAddress(), await freeAddress()];
    if (this.#seed === "") {
      this.#seed = gossip;
      this.#firstHost = id;
    }
    const process = await this.#start("document-host", admin, {
      "node.id": id,
      "link.listen": link,
      "gossip.bind": gossip,
      "gossip.profile": "fast",
      "gossip.joinHold": "100ms",
      "gossip.seeds": this.#seed,
      "gossip.bootstrapNode": this.#firstHost,
      "log.addresses": log,
      conformance: "true",
      ...settings,
    });
    const modules = { clock: this.clock, random: new SystemRandom(), logger: noLogger, metrics: noMetrics };
    const peer = new PeerLink(link, { ...modules, transport: this.transport });
    this.#links.push(peer);
    return { ...process, link, peer };
  }

  async dial(address: string): Promise<LinkConnection> {
    return this.transport.dial(address);
  }

  async stop(): Promise<void> {
    for (const link of this.#links) await link.close();
    for (const { child, exited } of this.#processes) {
      if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
      await exited;
    }
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #start(app: string, admin: string, settings: Readonly<Record<string, string>>): Promise<StartedProcess> {
    const started = startApp(app, { "admin.listen": admin, "logging.level": "warn", ...settings });
    this.#processes.add(started);
    await until(`${app} is ready`, async () => {
      if (started.child.exitCode !== null) throw new Error(`${app} ended: ${started.output()}`);
      const response = await fetch(`http://${admin}/readyz`).catch(() => undefined);
      return response?.ok === true ? true : undefined;
    });
    return started;
  }
}

export interface HostProcess extends StartedProcess {
  readonly link: string;
  readonly peer: PeerLink;
}

/** Asks again and again until there is an answer. Retryable errors are no answer yet. */
export async function until<Value>(
  what: string,
  ask: () => Promise<Value | undefined>,
  timeoutMs = 30_000,
): Promise<Value> {
  const givesUpAt = performance.now() + timeoutMs;
  let last: unknown;
  while (performance.now() < givesUpAt) {
    try {
      const value = await ask();
      if (value !== undefined) return value;
    } catch (error) {
      if (!(error instanceof ServiceError && error.retryable)) throw error;
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`${what}: not within ${timeoutMs} ms`, { cause: last });
}

export async function freeAddress(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { readonly port: number };
  await new Promise((resolve) => server.close(resolve));
  return `127.0.0.1:${port}`;
}
