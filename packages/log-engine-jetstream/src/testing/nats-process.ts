import { type ChildProcess, spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NatsBinary } from "./nats-binaries.ts";

export interface NatsProcessOptions {
  readonly syncAlways?: boolean;
  readonly maxPayload?: number;
  readonly cluster?: { readonly name: string; readonly port: number; readonly routes: readonly number[] };
  readonly serverName?: string;
  /** Further lines of the configuration: TLS, users. */
  readonly lines?: readonly string[];
}

/** A NATS server with a folder and ports of its own; it may be killed and started again over them. */
export class NatsProcess {
  readonly port: number;
  readonly monitoringPort: number;
  readonly #binary: NatsBinary;
  readonly #folder: string;
  #child: ChildProcess | undefined;

  private constructor(binary: NatsBinary, port: number, monitoringPort: number, options: NatsProcessOptions) {
    this.#binary = binary;
    this.port = port;
    this.monitoringPort = monitoringPort;
    this.#folder = mkdtempSync(join(tmpdir(), "tidewire-nats-"));
    writeFileSync(join(this.#folder, "nats.conf"), configuration(this.#folder, port, monitoringPort, options));
  }

  static async start(binary: NatsBinary, options: NatsProcessOptions = {}): Promise<NatsProcess> {
    const [port, monitoringPort] = await freePorts(2);
    const server = new NatsProcess(binary, port as number, monitoringPort as number, options);
    await server.start();
    return server;
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  get monitoringUrl(): string {
    return `http://127.0.0.1:${this.monitoringPort}`;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Resolves when the server takes connections. */
  async start(): Promise<void> {
    const child = spawn(this.#binary.path, ["-c", join(this.#folder, "nats.conf")], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    this.#child = child;
    let output = "";
    child.stderr?.on("data", (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-4_000);
    });
    while (!(await accepts(this.port))) {
      if (child.exitCode !== null) throw new Error(`nats-server has ended: ${output}`);
    }
  }

  /** Starts again, after `kill`, over the same folder and ports with another configuration. */
  async restartWith(options: NatsProcessOptions): Promise<void> {
    const file = join(this.#folder, "nats.conf");
    writeFileSync(file, configuration(this.#folder, this.port, this.monitoringPort, options));
    await this.start();
  }

  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => {
      child.on("exit", resolve);
    });
    child.kill(signal);
    await ended;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function configuration(folder: string, port: number, monitoringPort: number, options: NatsProcessOptions): string {
  const { cluster, syncAlways, maxPayload, serverName, lines = [] } = options;
  const routes = cluster?.routes.map((each) => `nats://127.0.0.1:${each}`).join(", ");
  return [
    ...(serverName === undefined ? [] : [`server_name: ${serverName}`]),
    `listen: "127.0.0.1:${port}"`,
    `http: "127.0.0.1:${monitoringPort}"`,
    ...(maxPayload === undefined ? [] : [`max_payload: ${maxPayload}`]),
    `jetstream { store_dir: "${folder}", max_file_store: 4GB${syncAlways === true ? ", sync_interval: always" : ""} }`,
    ...(cluster === undefined
      ? []
      : [`cluster { name: ${cluster.name}, listen: "127.0.0.1:${cluster.port}", routes: [${routes}] }`]),
    ...lines,
  ].join("\n");
}

/** Below what a system gives to connections by itself, and above what is commonly taken. */
const PORTS = { from: 12_000, to: 32_000 } as const;
/** So many taken ones in a row are no chance. */
const TRIES_MAX = 1_000;

/**
 * Ports that nobody listens on now, and that no connection gets by chance: a server is started again over the ones it has,
 * and meanwhile its clients, and whatever else the machine does, open connections without end.
 */
export async function freePorts(count: number): Promise<number[]> {
  const held: Server[] = [];
  const ports: number[] = [];
  for (let tries = 0; ports.length < count; tries++) {
    if (tries === TRIES_MAX) throw new Error(`no free port from ${PORTS.from} to ${PORTS.to} on 127.0.0.1`);
    const port = randomInt(PORTS.from, PORTS.to);
    const server = await listeningOn(port);
    if (server === undefined) continue;
    held.push(server);
    ports.push(port);
  }
  await Promise.all(held.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

function listeningOn(port: number): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(undefined));
    server.listen(port, "127.0.0.1", () => resolve(server));
  });
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    // The server greets whoever connects, once it is ready.
    socket.once("data", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => setTimeout(() => resolve(false), 20));
    socket.once("close", () => resolve(false));
  });
}
