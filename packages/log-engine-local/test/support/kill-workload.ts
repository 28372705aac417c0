import type { DocumentName } from "@tidewire/foundation";
import type { LocalLogSettings } from "../../src/index.ts";

/** What the writing child and the checking parent agree on: every byte follows from the document and the seq. */
export const documents: readonly DocumentName[] = Array.from({ length: 40 }, (_, index) => ({
  space: "board-game",
  key: `g${index}`,
}));

export const SNAPSHOT_EVERY = 25;

/** Small segments and frequent background work, so that a kill strikes all of it. */
export function killSettings(directory: string): LocalLogSettings {
  return {
    directory,
    segmentBytes: 192 * 1024,
    snapshotSegmentBytes: 128 * 1024,
    batchMaxBytes: 32 * 1024,
    checkpointBytes: 128 * 1024,
    // Little enough that segments go and are written over.
    historyMaxBytes: 256 * 1024,
    compactionMs: 15,
    paceFloorBytes: 512 * 1024 * 1024,
    paceCapBytes: 512 * 1024 * 1024,
  };
}

export function patchOf(key: string, seq: number): string {
  return `${key}:${seq}:${"p".repeat(50 + ((seq * 37) % 700))}`;
}

export function stateOf(key: string, seq: number): string {
  return `${key}@${seq}:${"s".repeat(500 + ((seq * 101) % 5_000))}`;
}
