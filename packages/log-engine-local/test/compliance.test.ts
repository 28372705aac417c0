import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { noLogger, noMetrics, SystemClock } from "@tidewire/foundation";
import { defaultLogLimits, type LogEngine } from "@tidewire/log-engine";
import { logEngineCompliance } from "@tidewire/log-engine/compliance";
import { openLocalLogEngine } from "../src/index.ts";

logEngineCompliance(
  "The local log engine",
  async (given = {}) => {
    const directory = await mkdtemp(join(tmpdir(), "tidewire-log-"));
    const limits = { ...defaultLogLimits, ...given };
    const modules = { clock: new SystemClock(), logger: noLogger, metrics: noMetrics };
    let engine = await openLocalLogEngine({ directory, limits }, modules);
    return {
      engine,
      limits,
      reopen: async (): Promise<LogEngine> => {
        await engine.close();
        engine = await openLocalLogEngine({ directory, limits }, modules);
        return engine;
      },
      stop: async () => {
        await engine.close();
        await rm(directory, { recursive: true });
      },
    };
  },
  { isDurable: true, keepsHistory: true },
);
