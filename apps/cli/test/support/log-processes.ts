import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { noLogger, noMetrics, SystemClock, SystemRandom } from "@tidewire/foundation";
import { PeerLink } from "@tidewire/link";
import { createBinaryLinkTransport } from "@tidewire/link-binary";
import { LogShardLinks } from "@tidewire/log-engine";
import { DEVELOPMENT_KEY } from "@tidewire/service";

const cli = fileURLToPath(new URL("../../dist/main.js", import.meta.url));
const logStorage = fileURLToPath(new URL("../../../log-storage/dist/main.js", import.meta.url));

/** A program whose output is lines of JSON. */
export class JsonProcess {
  readonly lines: Record<string, unknown>[] = [];
  readonly exited: Promise<number | NodeJS.Signals>;
  stderr = "";
  readonly #child: ChildProcess;
  #hasEnded = false;
  #changed = (): void => {};

  constructor(script: string, args: readonly string[]) {
    this.#child = spawn(process.execPath, [script, ...args], { stdio: ["ignore", "pipe", "pipe"] });
    createInterface({ input: this.#child.stdout! }).on("line", (line) => {
      this.lines.push(JSON.parse(line) as Record<string, unknown>);
      this.#changed();
    });
    this.#child.stderr!.on("data", (chunk: Buffer) => {
      this.stderr += chunk.toString();
    });
    this.exited = new Promise((resolve) => {
      this.#child.once("close", (code, signal) => {
        this.#hasEnded = true;
        resolve(signal ?? code!);
        this.#changed();
      });
    });
  }

  /** The first line that fits; fails if the program ends without it. */
  async line(fits: (line: Record<string, unknown>) => boolean): Promise<Record<string, unknown>> {
    for (;;) {
      const found = this.lines.find(fits);
      if (found !== undefined) return found;
      if (this.#hasEnded) throw new Error(`it has ended: ${this.stderr}\n${JSON.stringify(this.lines.slice(-3))}`);
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
    }
  }

  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    this.#child.kill(signal);
    await this.exited;
  }
}

export interface Shard {
  readonly index: number;
  readonly count: number;
}

export function startLogStorage(
  directory: string,
  shard: Shard,
  settings: Readonly<Record<string, string>> = {},
): JsonProcess {
  const flags = {
    "storage.directory": directory,
    "link.listen": "127.0.0.1:0",
    "node.id": `log-${shard.index}`,
    "storage.shard.index": shard.index,
    "storage.shard.count": shard.count,
    ...settings,
  };
  return new JsonProcess(
    logStorage,
    // An empty one is left out.
    Object.entries(flags).flatMap(([name, value]) => (value === "" ? [] : [`--${name}=${value}`])),
  );
}

export async function addressOf(storage: JsonProcess): Promise<string> {
  return String((await storage.line(({ msg }) => msg === "serving the log"))["link"]);
}

export function tidewireLog(...args: string[]): JsonProcess {
  return new JsonProcess(cli, ["log", ...args, "--json"]);
}

/** What a document host has of the log. */
export function connectAsHost(addresses: readonly string[], nodeId = "host-a"): LogShardLinks {
  const modules = { clock: new SystemClock(), random: new SystemRandom(), logger: noLogger, metrics: noMetrics };
  const identity = { nodeId, role: "document-host", sharedKey: DEVELOPMENT_KEY, heartbeatMs: 5_000 };
  const transport = createBinaryLinkTransport(identity, modules);
  const links = new LogShardLinks(
    addresses.map((address) => new PeerLink(address, { ...modules, transport })),
    modules,
  );
  links.connect();
  return links;
}
