import { type ChildProcess, spawn } from "node:child_process";
import { builtFile } from "./built-file.ts";
import { commandOn } from "./cores.ts";

/** A process that plays one role of a benchmark and answers questions about it. */
export class RoleProcess {
  readonly #child: ChildProcess;
  readonly #name: string;
  readonly #waiting = new Map<number, { resolve(result: unknown): void; reject(error: Error): void }>();
  #lastId = 0;
  #end: string | undefined;

  private constructor(name: string, core: number | undefined, nodeFlags: readonly string[]) {
    this.#name = name;
    const { command, args } = commandOn(core, process.execPath, [...nodeFlags, builtFile(`${name}.js`)]);
    this.#child = spawn(command, args, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
    this.#child.on("message", (message) =>
      this.#onMessage(message as { id: number; result?: unknown; error?: string }),
    );
    this.#child.once("error", (error) => this.#onEnd(error.message));
    this.#child.once("exit", (code, signal) => this.#onEnd(signal ?? `exit code ${code}`));
  }

  /** Runs a bundle of this package's build, on one core if there are cores to choose from. */
  static async start(name: string, core?: number, nodeFlags: readonly string[] = []): Promise<RoleProcess> {
    const role = new RoleProcess(name, core, nodeFlags);
    await new Promise((resolve, reject) => role.#waiting.set(0, { resolve, reject }));
    return role;
  }

  ask<Result>(name: string, argument: unknown = null): Promise<Result> {
    if (this.#end !== undefined) return Promise.reject(new Error(`${this.#name} ended with ${this.#end}`));
    const id = ++this.#lastId;
    return new Promise<Result>((resolve, reject) => {
      this.#waiting.set(id, { resolve: (result) => resolve(result as Result), reject });
      this.#child.send({ id, name, argument });
    });
  }

  async stop(): Promise<void> {
    if (this.#end !== undefined) return;
    await new Promise<void>((resolve) => {
      this.#child.once("exit", () => resolve());
      this.#child.kill("SIGKILL");
    });
  }

  #onMessage({ id, result, error }: { id: number; result?: unknown; error?: string }): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error === undefined) waiting?.resolve(result);
    else waiting?.reject(new Error(`${this.#name}: ${error}`));
  }

  #onEnd(how: string): void {
    this.#end = how;
    for (const { reject } of this.#waiting.values()) reject(new Error(`${this.#name} ended with ${how}`));
    this.#waiting.clear();
  }
}
