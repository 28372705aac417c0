import { type Clock, ManualClock, noLogger, noMetrics } from "@tidewire/foundation";
import { defaultLogLimits } from "@tidewire/log-engine";
import type { LocalLogEngine } from "../../src/index.ts";
import { type LocalLogModules, type LocalLogSettings, openLocalLogEngine } from "../../src/open-local-log-engine.ts";
import type { SimulatedDisk } from "./simulated-disk.ts";

export const DIRECTORY = "/data/log";

/** Small enough that a few dozen records cross every boundary there is. Nothing runs in the background by itself. */
export const smallSettings: LocalLogSettings = {
  directory: DIRECTORY,
  limits: { ...defaultLogLimits, recordMaxBytes: 8 * 1024, snapshotMaxBytes: 32 * 1024 },
  segmentBytes: 12 * 1024,
  snapshotSegmentBytes: 16 * 1024,
  batchMaxBytes: 4 * 1024,
  queueMaxBytes: 1024 * 1024,
  checkpointBytes: 16 * 1024,
  removalPieceBytes: 4 * 1024,
  activeDocumentsMax: 2,
  historyMs: 0,
  paceFloorBytes: Number.POSITIVE_INFINITY,
  paceCapBytes: Number.POSITIVE_INFINITY,
};

export function openSmall(
  disk: SimulatedDisk,
  more: {
    readonly settings?: Partial<LocalLogSettings>;
    readonly modules?: Partial<LocalLogModules>;
    readonly clock?: Clock;
  } = {},
): Promise<LocalLogEngine> {
  return openLocalLogEngine(
    { ...smallSettings, ...more.settings },
    {
      clock: more.clock ?? new ManualClock(),
      logger: noLogger,
      metrics: noMetrics,
      fileSystem: disk.mount(),
      ...more.modules,
    },
  );
}
