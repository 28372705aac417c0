import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { noLogger, noMetrics, SystemClock, SystemRandom } from "@tidewire/foundation";
import { PeerLink } from "@tidewire/link";
import { createBinaryLinkTransport } from "@tidewire/link-binary";
import { RemoteLogEngine } from "@tidewire/log-engine";
import { LogTransferService } from "@tidewire/protocol-log";
import { DEVELOPMENT_KEY } from "@tidewire/service";

const script = fileURLToPath(new URL("../../dist/main.js", import.meta.url));

export interface ExitedProcess {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
}

/** The built app as a child process. */
export class StorageProcess {
  readonly exited: Promise<ExitedProcess>;
  readonly #child: ChildProcess;
  #output = "";
  #stderr = "";
  #changed = (): void => {};

  constructor(directory: string, listen = "127.0.0.1:0", more: Readonly<Record<string, string>> = {}) {
    if (!existsSync(script)) throw new Error(`${script} is missing: build the app first (npm run build)`);
    const flags = { "storage.directory": directory, "link.listen": listen, "node.id": "log-1", ...more };
    // An empty one is left out.
    const given = Object.entries(flags).filter(([, value]) => value !== "");
    const args = given.map(([name, value]) => `--${name}=${value}`);
    this.#child = spawn(process.execPath, [script, ...args], { stdio: ["ignore", "pipe", "pipe"] });
    this.#child.stdout?.on("data", (chunk: Buffer) => this.#take(chunk.toString()));
    this.#child.stderr?.on("data", (chunk: Buffer) => {
      this.#stderr += chunk.toString();
    });
    this.exited = new Promise((resolve) => {
      this.#child.on("close", (code, signal) => {
        resolve({ code, signal, stderr: this.#stderr });
        this.#changed();
      });
    });
  }

  /** The address of the link, once it is served. */
  async address(): Promise<string> {
    return (JSON.parse(await this.#lineWith("serving the log")) as { link: string }).link;
  }

  /** The address of `/readyz`. */
  async adminAddress(): Promise<string> {
    return (JSON.parse(await this.#lineWith('"msg":"started"')) as { admin: string }).admin;
  }

  /** Everything it has logged. */
  get output(): string {
    return this.#output;
  }

  async #lineWith(text: string): Promise<string> {
    for (;;) {
      const line = this.#output.split("\n").find((each) => each.includes(text));
      if (line !== undefined) return line;
      if (this.#child.exitCode !== null) throw new Error(`log-storage has ended: ${this.#stderr}`);
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
    }
  }

  async kill(signal: NodeJS.Signals): Promise<ExitedProcess> {
    this.#child.kill(signal);
    return this.exited;
  }

  #take(text: string): void {
    this.#output += text;
    this.#changed();
  }
}

export interface RemoteLog {
  readonly engine: RemoteLogEngine;
  /** For the role `tool` only. */
  seal(isSealed: boolean): Promise<void>;
  close(): Promise<void>;
}

/** A log engine at the other end of a binary link. */
export function connect(address: string, nodeId = "host-a", role = "document-host"): RemoteLog {
  const clock = new SystemClock();
  const random = new SystemRandom();
  const modules = { clock, random, logger: noLogger, metrics: noMetrics };
  const transport = createBinaryLinkTransport(
    { nodeId, role, sharedKey: DEVELOPMENT_KEY, heartbeatMs: 5_000 },
    modules,
  );
  const link = new PeerLink(address, { ...modules, transport });
  const engine = new RemoteLogEngine({ link, clock, random });
  return {
    engine,
    seal: async (isSealed) => void (await link.call(LogTransferService.methods.seal, { isSealed, movedTo: "" })),
    close: async () => {
      await engine.close();
      await link.close();
    },
  };
}
