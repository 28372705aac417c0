import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { System } from "@tidewire/harness";
import { builtFile } from "../../shared/built-file.ts";
import { inheritPriority } from "../../shared/priority.ts";
import { RoleProcess } from "../../shared/role-process.ts";
import { BENCHMARK_KEY, type LinkVariant, linkEnvironment } from "../link-variants.ts";
import { EdgeProcess } from "./edge-process.ts";

/** What clients connect to. */
export interface Running {
  readonly socketUrl: string;
  /** Names and admin addresses of the processes whose CPU is taken. */
  readonly processes: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/** The edge has this core to itself; the host that answers and the generator share the other one. */
const EDGE_CORE = 0;
export const OTHER_CORE = 1;

/**
 * The log is kept in memory where that is possible: the time a disk takes to sync is the same for every link and many
 * times as long as any of them takes.
 */
export const dataParent = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

/** The real processes, with one of the links. */
export async function startSystem(variant: LinkVariant): Promise<Running> {
  const environment = linkEnvironment(variant);
  const args = ["--documents", builtFile("link-documents.js"), "--link", environment["LINK"]!];
  // Inherited by every process that is started.
  Object.assign(process.env, environment);
  const dataFolder = mkdtempSync(join(dataParent, "tidewire-bench-"));
  const removeData = (): void => rmSync(dataFolder, { recursive: true, force: true });
  const system = await System.start({ hosts: 1, logLevel: "warn", dataFolder, args }).catch((error: unknown) => {
    removeData();
    throw error;
  });
  const processes = { edge: "edge-proxy-1", host: "document-host-1", log: "log-storage-1" };
  for (const id of Object.values(processes)) inheritPriority(system.process(id).pid);
  return {
    socketUrl: system.socketUrl,
    processes: Object.fromEntries(Object.entries(processes).map(([name, id]) => [name, system.process(id).admin])),
    stop: async () => {
      await system.stop();
      removeData();
    },
  };
}

/** The edge-proxy alone on its core, with one of the links to a host that answers at once, or answering by itself. */
export async function startAnswered(variant: LinkVariant | "alone"): Promise<Running> {
  const environment = { TIDEWIRE_LINK_SHARED_KEY: BENCHMARK_KEY };
  if (variant === "alone") {
    const settings = { bundle: "edge-alone.js", routingAddress: "127.0.0.1:1", environment, core: EDGE_CORE } as const;
    return EdgeProcess.start(settings);
  }
  const host = await RoleProcess.start("answering-host", OTHER_CORE);
  try {
    const edge = await EdgeProcess.start({
      bundle: "edge-linked.js",
      routingAddress: await host.ask<string>("start", variant),
      environment: { ...environment, ...linkEnvironment(variant) },
      core: EDGE_CORE,
    });
    return {
      socketUrl: edge.socketUrl,
      processes: edge.processes,
      stop: async () => {
        await edge.stop();
        await host.stop();
      },
    };
  } catch (error) {
    await host.stop();
    throw error;
  }
}
