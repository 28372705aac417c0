import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";

/** Found by the package that every process comes from, so that it also holds in a bundle. */
export const repositoryRoot = dirname(
  dirname(dirname(createRequire(import.meta.url).resolve("@tidewire/cli/package.json"))),
);
const CLI = join(repositoryRoot, "apps", "cli", "dist", "main.js");

export interface SystemOptions {
  /** Document hosts; 2 by default. */
  readonly hosts?: number;
  readonly routingTables?: number;
  /** An existing data folder, to start again where an earlier system stopped. */
  readonly dataFolder?: string;
  readonly logLevel?: string;
  /** Further arguments of `tidewire up`. */
  readonly args?: readonly string[];
}

/** A line of `tidewire up --json`. */
export interface SystemEvent {
  readonly event: "started" | "ready" | "crashed" | "up" | "reloaded" | "broken" | "stopping" | "stopped";
  readonly name?: string;
  readonly pid?: number;
  readonly admin?: string;
  readonly url?: string;
  readonly lastWords?: string;
  /** Of `reloaded`: why the old document code goes on. */
  readonly refusal?: string | null;
  readonly documents?: number;
  readonly behind?: readonly { readonly document: string; readonly reason: string }[];
  /** Of `broken`: what a build has wrong. */
  readonly text?: string;
}

export interface SystemProcess {
  readonly name: string;
  pid: number;
  readonly admin: string;
  /** How often it has been ready since the system started. */
  readyCount: number;
}

/** The whole system as real processes, started with the command of the README and spoken to from outside only. */
export class System {
  readonly dataFolder: string;
  readonly #child: ChildProcess;
  readonly #keepsData: boolean;
  readonly #processes = new Map<string, SystemProcess>();
  readonly #waiters = new Set<() => void>();
  readonly #events: SystemEvent[] = [];
  #url: string | undefined;
  #exit: string | undefined;
  #stderr = "";

  private constructor(options: SystemOptions) {
    this.#keepsData = options.dataFolder !== undefined;
    this.dataFolder = options.dataFolder ?? mkdtempSync(join(tmpdir(), "tidewire-e2e-"));
    const args = [CLI, "up", "--json", "--port", "0", "--data", this.dataFolder, "--hosts", String(options.hosts ?? 2)];
    args.push("--routing-tables", String(options.routingTables ?? 1), "--log-level", options.logLevel ?? "info");
    this.#child = spawn(process.execPath, [...args, ...(options.args ?? [])], { stdio: ["ignore", "pipe", "pipe"] });
    createInterface({ input: this.#child.stdout! }).on("line", (line) =>
      this.#onEvent(JSON.parse(line) as SystemEvent),
    );
    this.#child.stderr!.on("data", (chunk: Buffer) => {
      this.#stderr += chunk.toString();
    });
    this.#child.once("exit", (code, signal) => {
      this.#exit = signal ?? `exit code ${code}`;
      this.#wake();
    });
  }

  static async start(options: SystemOptions = {}): Promise<System> {
    const system = new System(options);
    await system.#until(() => system.#url !== undefined, 60_000, "the system to be up");
    return system;
  }

  /** `http://127.0.0.1:PORT`, without a slash at the end. */
  get url(): string {
    return this.#url!;
  }

  get socketUrl(): string {
    return `${this.url.replace("http", "ws")}/v1/socket`;
  }

  process(name: string): SystemProcess {
    const found = this.#processes.get(name);
    if (found === undefined) throw new Error(`no process ${name}; there are ${[...this.#processes.keys()].join(", ")}`);
    return found;
  }

  get hostNames(): string[] {
    return [...this.#processes.keys()].filter((name) => name.startsWith("document-host"));
  }

  /** Ends a process and resolves when the supervisor has it ready again. */
  async kill(name: string, signal: "SIGKILL" | "SIGTERM" = "SIGKILL"): Promise<void> {
    const target = this.process(name);
    const readyBefore = target.readyCount;
    process.kill(target.pid, signal);
    await this.#until(() => target.readyCount > readyBefore, 60_000, `${name} to be back`);
  }

  /** Does something, and resolves with the first event of this kind that the command reports after that. */
  async eventAfter(event: SystemEvent["event"], act: () => void): Promise<SystemEvent> {
    const seen = this.#events.length;
    const find = (): SystemEvent | undefined => this.#events.slice(seen).find((candidate) => candidate.event === event);
    act();
    await this.#until(() => find() !== undefined, 30_000, `the event "${event}"`);
    return find()!;
  }

  /** Sends a signal and does not wait. */
  signal(name: string, signal: NodeJS.Signals): void {
    process.kill(this.process(name).pid, signal);
  }

  /** Lets a process stand still, as one whose event loop is blocked or whose machine is, and then go on. */
  async freeze(name: string, forMs: number): Promise<void> {
    this.signal(name, "SIGSTOP");
    await new Promise((resolve) => setTimeout(resolve, forMs));
    this.signal(name, "SIGCONT");
  }

  /**
   * The value of a metric of one process, summed over its labels; 0 if it was never set.
   * @param label counts the lines with it alone: `after="dead"`.
   */
  async metric(name: string, metric: string, label = ""): Promise<number> {
    const response = await fetch(`http://${this.process(name).admin}/metrics`);
    const lines = (await response.text()).split("\n");
    return lines
      .filter((line) => line.startsWith(`${metric}{`) || line.startsWith(`${metric} `))
      .filter((line) => line.includes(label))
      .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
  }

  /** Everything the processes wrote to their logs. */
  logs(): string {
    const folder = join(this.dataFolder, "logs");
    return readdirSync(folder)
      .map((file) => readFileSync(join(folder, file), "utf8"))
      .join("");
  }

  async stop(options: { readonly keepData?: boolean } = {}): Promise<void> {
    if (this.#exit === undefined) {
      this.#child.kill("SIGINT");
      await this.#until(() => this.#exit !== undefined, 60_000, "the system to stop", true);
    }
    if (!this.#keepsData && options.keepData !== true) rmSync(this.dataFolder, { recursive: true, force: true });
  }

  #onEvent(event: SystemEvent): void {
    this.#events.push(event);
    if (event.event === "started") {
      const known = this.#processes.get(event.name!);
      if (known !== undefined) known.pid = event.pid!;
      else {
        this.#processes.set(event.name!, { name: event.name!, pid: event.pid!, admin: event.admin!, readyCount: 0 });
      }
    }
    if (event.event === "ready") this.process(event.name!).readyCount++;
    if (event.event === "up") this.#url = event.url!.replace(/\/$/, "");
    this.#wake();
  }

  #wake(): void {
    for (const waiter of this.#waiters) waiter();
  }

  async #until(isTrue: () => boolean, timeoutMs: number, what: string, mayExit = false): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(
        () => finish(new Error(`waited ${timeoutMs} ms for ${what}\n${this.#stderr}`)),
        timeoutMs,
      );
      const finish = (error?: Error): void => {
        clearTimeout(timer);
        this.#waiters.delete(look);
        if (error === undefined) resolve();
        else reject(error);
      };
      const look = (): void => {
        if (isTrue()) finish();
        else if (this.#exit !== undefined && !mayExit) finish(new Error(`ended with ${this.#exit}: ${this.#stderr}`));
      };
      this.#waiters.add(look);
      look();
    });
  }
}
