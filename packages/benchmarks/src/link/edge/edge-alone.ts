import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:net";
import { builtFile } from "../../shared/built-file.ts";

const READY_WITHIN_MS = 20_000;
const POLL_MS = 50;

/** The edge-proxy itself, built with a link that answers by itself (answering-transport.ts); all else is as it is. */
export class EdgeAlone {
  readonly socketUrl: string;
  readonly processes: { readonly edge: string };
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, port: number, adminPort: number) {
    this.#child = child;
    this.socketUrl = `ws://127.0.0.1:${port}/v1/socket`;
    this.processes = { edge: `127.0.0.1:${adminPort}` };
  }

  static async start(): Promise<EdgeAlone> {
    const [port, adminPort] = await freePorts();
    const args = [
      `--edge.listen=127.0.0.1:${port}`,
      `--admin.listen=127.0.0.1:${adminPort}`,
      "--node.id=edge-proxy-1",
      "--logging.level=warn",
      "--routing.addresses=127.0.0.1:1",
    ];
    const child = spawn(process.execPath, ["--enable-source-maps", builtFile("edge-alone.js"), ...args], {
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    const alone = new EdgeAlone(child, port!, adminPort!);
    const until = performance.now() + READY_WITHIN_MS;
    while (!(await alone.#isReady())) {
      if (child.exitCode !== null || performance.now() > until) {
        await alone.stop();
        throw new Error("the edge that answers by itself did not start");
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    return alone;
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
