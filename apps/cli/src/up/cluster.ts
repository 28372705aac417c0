import { accessSync, constants, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { type ClusterOptions, planCluster, portsNeeded } from "./cluster-plan.ts";
import { freePorts, isPortFree } from "./free-ports.ts";
import type { Reporter } from "./reporter.ts";
import { SupervisedProcess } from "./supervised-process.ts";

/** A reason why the system cannot be started, in words of the user. */
export class UpError extends Error {
  override readonly name = "UpError";
}

export type ClusterRequest = Omit<ClusterOptions, "ports">;

/** All processes of the local system, started in stages and stopped in the opposite order. */
export class Cluster {
  readonly #request: ClusterRequest;
  readonly #reporter: Reporter;
  readonly #onGiveUp: (name: string) => void;
  #processes: SupervisedProcess[] = [];

  constructor(request: ClusterRequest, reporter: Reporter, onGiveUp: (name: string) => void) {
    this.#request = request;
    this.#reporter = reporter;
    this.#onGiveUp = onGiveUp;
  }

  /** Those that run document code. */
  get documentHosts(): readonly SupervisedProcess[] {
    return this.#processes.filter(({ plan }) => plan.app === "document-host");
  }

  /** Those that serve the page. */
  get edges(): readonly SupervisedProcess[] {
    return this.#processes.filter(({ plan }) => plan.app === "edge-proxy");
  }

  async start(): Promise<void> {
    const { root, dataFolder } = this.#request;
    prepareFolder(dataFolder);
    const port = this.#request.port === 0 ? (await freePorts(1))[0]! : this.#request.port;
    if (!(await isPortFree(port))) {
      throw new UpError(
        `port ${port} on 127.0.0.1 is taken by another process; stop that one, or choose another port with: npm start -- --port 8090`,
      );
    }
    const plan = planCluster({ ...this.#request, port, ports: await freePorts(portsNeeded(this.#request)) });
    for (const planned of plan) {
      if (!existsSync(planned.script)) {
        throw new UpError(`${planned.app} is not built (no ${planned.script} under ${root}); run: npm start`);
      }
    }
    this.#processes = plan.map((planned) => {
      const logFile = join(dataFolder, "logs", `${planned.name}.log`);
      return new SupervisedProcess(planned, logFile, {
        started: (pid) => this.#reporter.started(planned, pid),
        ready: (afterMs) => this.#reporter.ready(planned, afterMs),
        crashed: (exit, lastWords, restartInMs) => {
          this.#reporter.crashed(planned, exit, lastWords, restartInMs);
          if (restartInMs === undefined) this.#onGiveUp(planned.name);
        },
      });
    });
    const stages = [...new Set(plan.map((planned) => planned.stage))].sort((a, b) => a - b);
    for (const stage of stages) {
      const members = this.#processes.filter((candidate) => candidate.plan.stage === stage);
      await Promise.all(members.map((member) => member.start()));
    }
    this.#reporter.up(`http://127.0.0.1:${port}/`);
  }

  async stop(): Promise<void> {
    const stages = [...new Set(this.#processes.map((process) => process.plan.stage))].sort((a, b) => b - a);
    for (const stage of stages) {
      await Promise.all(this.#processes.filter(({ plan }) => plan.stage === stage).map((process) => process.stop()));
    }
    this.#reporter.stopped();
  }
}

function prepareFolder(dataFolder: string): void {
  try {
    mkdirSync(join(dataFolder, "logs"), { recursive: true });
    accessSync(dataFolder, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new UpError(
      `cannot write to the data folder ${dataFolder} (${(error as { code?: string }).code ?? "error"}); make it writable, or choose another with: npm start -- --data FOLDER`,
    );
  }
}
