import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:net";
import { builtFile } from "../../shared/built-file.ts";
import { commandOn } from "../../shared/cores.ts";

const READY_WITHIN_MS = 20_000;
const POLL_MS = 50;

export interface EdgeSettings {
  /** Of this package's build: the edge-proxy as it is, or with a link that answers by itself. */
  readonly bundle: "edge-linked.js" | "edge-alone.js";
  readonly routingAddress: string;
  /** Chooses the link. */
  readonly environment: Readonly<Record<string, string>>;
  readonly core: number;
}

/** The edge-proxy itself, without the rest of the system, on a core of its own. */
export class EdgeProcess {
  readonly socketUrl: string;
  readonly processes: { readonly edge: string };
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, port: number, adminPort: number) {
    this.#child = child;
    this.socketUrl = `ws://127.0.0.1:${port}/v1/socket`;
    this.processes = { edge: `127.0.0.1:${adminPort}` };
  }

  static async start({ bundle, routingAddress, environment, core }: EdgeSettings): Promise<EdgeProcess> {
    const [port, adminPort] = await freePorts();
    const flags = [
      `--edge.listen=127.0.0.1:${port}`,
      `--admin.listen=127.0.0.1:${adminPort}`,
      "--node.id=edge-proxy-1",
      "--logging.level=warn",
      `--routing.addresses=${routingAddress}`,
    ];
    const { command, args } = commandOn(core, process.execPath, ["--enable-source-maps", builtFile(bundle), ...flags]);
    const child = spawn(command, args, {
      stdio: ["ignore", "ignore", "inherit", "ipc"],
      env: { ...process.env, ...environment },
    });
    const edge = new EdgeProcess(child, port!, adminPort!);
    const until = performance.now() + READY_WITHIN_MS;
    while (!(await edge.#isReady())) {
      if (child.exitCode !== null || performance.now() > until) {
        await edge.stop();
        throw new Error(`the edge of ${bundle} did not start`);
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    return edge;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    await new Promise<void>((resolve) => {
      this.#child.once("exit", () => resolve());
      this.#child.kill("SIGKILL");
    });
  }

  #isReady(): Promise<boolean> {
    return fetch(`http://${this.processes.edge}/readyz`).then(
      (response) => response.ok,
      () => false,
    );
  }
}

async function freePorts(): Promise<number[]> {
  const servers = [createServer(), createServer()];
  await Promise.all(servers.map((server) => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))));
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
