import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { repositoryRoot } from "@tidewire/harness";
import { freePorts } from "@tidewire/log-engine-jetstream/testing";

interface Part {
  readonly app: string;
  readonly admin: string;
  readonly args: readonly string[];
  child: ChildProcess | undefined;
  output: string;
}

/**
 * Two document hosts, each behind a log storage of its own, and both of those over the same NATS: as in a cluster, where
 * log storage is stateless. `tidewire up` runs the embedded engine, so the processes are started here.
 */
export class JetStreamSystem {
  readonly url: string;
  /** Link addresses of the two log storages. */
  readonly logs: readonly string[];
  readonly #parts = new Map<string, Part>();

  private constructor(natsUrl: string, ports: readonly number[]) {
    const free = ports.map((port) => `127.0.0.1:${port}`);
    const next = (): string => free.shift() as string;
    const edge = next();
    const [log1, log2, table, tableGossip] = [next(), next(), next(), next()] as [string, string, string, string];
    this.url = `http://${edge}`;
    this.logs = [log1, log2];
    const add = (app: string, name: string, settings: Record<string, string>): void => {
      const admin = next();
      const all = { "node.id": name, "admin.listen": admin, ...settings };
      this.#parts.set(name, { app, admin, args: flagsOf(all), child: undefined, output: "" });
    };
    for (const [index, address] of this.logs.entries()) {
      add("log-storage", `log-storage-${index + 1}`, {
        "link.listen": address,
        "storage.engine": "jetstream",
        "nats.url": natsUrl,
        "nats.partitions": "4",
      });
    }
    const gossip = { "gossip.seeds": tableGossip, "gossip.profile": "fast" };
    add("routing-table", "routing-table-1", { ...gossip, "gossip.bind": tableGossip, "link.listen": table });
    for (const [index, address] of this.logs.entries()) {
      add("document-host", `document-host-${index + 1}`, {
        ...gossip,
        "gossip.bind": next(),
        "link.listen": next(),
        "log.addresses": address,
        conformance: "true",
      });
    }
    add("edge-proxy", "edge-proxy-1", { "edge.listen": edge, "routing.addresses": table });
  }

  static async start(natsUrl: string): Promise<JetStreamSystem> {
    const system = new JetStreamSystem(natsUrl, await freePorts(16));
    for (const stage of ["log-storage", "routing-table", "document-host", "edge-proxy"]) {
      const names = [...system.#parts].filter(([, { app }]) => app === stage).map(([name]) => name);
      await Promise.all(names.map((name) => system.start(name)));
    }
    return system;
  }

  get socketUrl(): string {
    return `${this.url.replace("http", "ws")}/v1/socket`;
  }

  /** Starts a process and resolves when it is ready. */
  async start(name: string): Promise<void> {
    const part = this.#part(name);
    const script = join(repositoryRoot, "apps", part.app, "dist", "main.js");
    const child = spawn(process.execPath, [script, ...part.args], { stdio: ["ignore", "pipe", "pipe"] });
    part.child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (chunk: Buffer) => {
        part.output = (part.output + chunk.toString()).slice(-20_000);
      });
    }
    for (;;) {
      if (child.exitCode !== null) throw new Error(`${name} has ended: ${part.output}`);
      const response = await fetch(`http://${part.admin}/readyz`).catch(() => undefined);
      if (response?.ok === true) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async kill(name: string, signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    const { child } = this.#part(name);
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => {
      child.once("exit", resolve);
    });
    child.kill(signal);
    await ended;
  }

  output(name: string): string {
    return this.#part(name).output;
  }

  async stop(): Promise<void> {
    for (const name of [...this.#parts.keys()].reverse()) await this.kill(name);
  }

  #part(name: string): Part {
    const part = this.#parts.get(name);
    if (part === undefined) throw new Error(`no process ${name}`);
    return part;
  }
}

function flagsOf(settings: Record<string, string>): string[] {
  return Object.entries(settings).map(([path, value]) => `--${path}=${value}`);
}
