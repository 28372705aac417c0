import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

/** Test files run side by side, each with a bundle of its own. */
const bundle = path(`../../.cache/edge-under-test-${process.env["JEST_WORKER_ID"] ?? "1"}.mjs`);

/** Once per test file, before the first edge starts, so that tests run the sources and not whatever `dist` holds. */
export function bundleEdge(): void {
  const build = path("../../../../packages/tooling/bin/build.mjs");
  execFileSync(process.execPath, [build, bundle], { cwd: path("../.."), stdio: "inherit" });
}

/** The environment a process inherits minus what would configure it. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith("TIDEWIRE_") && name !== "NODE_OPTIONS"),
  );
}

/** Keeps the native addon from loading, as on a platform it was not built for. */
export const withoutAddon = [
  "--import",
  `data:text/javascript,${encodeURIComponent(
    `import{register}from"node:module";register("data:text/javascript,"+encodeURIComponent('export async function resolve(s,c,n){if(s==="uWebSockets.js")throw new Error("no addon here");return n(s,c)}'))`,
  )}`,
];

/** A real edge process, native addon and all: those do not live in Jest's module registry. */
export class EdgeProcess {
  readonly #child: ChildProcess;
  readonly #lines: Record<string, unknown>[] = [];
  stderr = "";
  port = 0;
  admin = "";

  private constructor(settings: Readonly<Record<string, string>>, nodeArgs: readonly string[]) {
    const flags = Object.entries({ "edge.listen": "127.0.0.1:0", ...settings }).map(
      ([key, value]) => `--${key}=${value}`,
    );
    this.#child = spawn(process.execPath, [...nodeArgs, bundle, ...flags], {
      env: cleanEnvironment(),
      stdio: ["ignore", "pipe", "pipe"],
    });
    let rest = "";
    this.#child.stdout!.on("data", (chunk: Buffer) => {
      const lines = `${rest}${chunk.toString("utf8")}`.split("\n");
      rest = lines.pop()!;
      for (const line of lines) this.#lines.push(JSON.parse(line) as Record<string, unknown>);
    });
    this.#child.stderr!.on("data", (chunk: Buffer) => {
      this.stderr += chunk.toString("utf8");
    });
  }

  /** Resolves when it listens. Throws with what it said if it does not start. */
  static async start(
    settings: Readonly<Record<string, string>> = {},
    nodeArgs: readonly string[] = [],
  ): Promise<EdgeProcess> {
    const edge = new EdgeProcess(settings, nodeArgs);
    const started = await edge.line("started");
    edge.port = edge.logged("listening for clients")?.["port"] as number;
    edge.admin = String(started["admin"]);
    return edge;
  }

  /** Runs one that is expected not to start; its exit code and what it said. */
  static async failToStart(settings: Readonly<Record<string, string>>, nodeArgs: readonly string[] = []) {
    const edge = new EdgeProcess(settings, nodeArgs);
    const code = await edge.exited();
    return { code, stderr: edge.stderr };
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  logged(message: string): Record<string, unknown> | undefined {
    return this.#lines.find((line) => line["msg"] === message);
  }

  get lines(): readonly Record<string, unknown>[] {
    return this.#lines;
  }

  async line(message: string): Promise<Record<string, unknown>> {
    for (;;) {
      const line = this.logged(message);
      if (line !== undefined) return line;
      if (this.#child.exitCode !== null) throw new Error(`the edge ended: ${this.stderr}`);
      await Promise.race([once(this.#child.stdout!, "data"), once(this.#child, "exit")]);
    }
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  async exited(): Promise<number | null> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, "exit");
    return this.#child.exitCode;
  }

  async kill(): Promise<void> {
    this.signal("SIGKILL");
    await this.exited();
  }
}
