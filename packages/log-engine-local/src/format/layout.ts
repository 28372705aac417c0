import { join } from "node:path";
import type { SegmentKind } from "./segment-header.ts";

/** The names in a data directory. FORMAT.md section 1. */
export class StoreLayout {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
  }

  get storeFile(): string {
    return join(this.directory, "STORE");
  }

  get lockFile(): string {
    return join(this.directory, "LOCK");
  }

  get checkpoints(): string {
    return join(this.directory, "checkpoints");
  }

  /** Copies of torn tails, for people. Nothing reads them. */
  get repairs(): string {
    return join(this.directory, "repairs");
  }

  segments(kind: SegmentKind): string {
    return join(this.directory, kind);
  }

  segment(kind: SegmentKind, id: number): string {
    return join(this.segments(kind), this.segmentName(kind, id));
  }

  segmentName(kind: SegmentKind, id: number): string {
    return `${digits(id)}${suffixes[kind]}`;
  }

  /** The file of a log segment that nobody needs, kept to be written over. */
  spare(id: number): string {
    return join(this.segments("log"), `${digits(id)}.spare`);
  }

  checkpoint(id: number): string {
    return join(this.checkpoints, `${digits(id)}.checkpoint`);
  }

  repair(segmentId: number, offset: number): string {
    return join(this.repairs, `${digits(segmentId)}-${offset}.tail`);
  }
}

const suffixes = { log: ".wal", snapshots: ".snapshots" } as const;

export function segmentIdOfName(kind: SegmentKind, name: string): number | undefined {
  return idOfName(name, suffixes[kind]);
}

export function spareIdOfName(name: string): number | undefined {
  return idOfName(name, ".spare");
}

/** Of a file that was never finished, or is being removed. */
export function isDraftName(name: string): boolean {
  return name.endsWith(".draft");
}

export function checkpointIdOfName(name: string): number | undefined {
  return idOfName(name, ".checkpoint");
}

function digits(id: number): string {
  return String(id).padStart(12, "0");
}

function idOfName(name: string, suffix: string): number | undefined {
  if (!name.endsWith(suffix)) return undefined;
  const text = name.slice(0, -suffix.length);
  return /^\d{12}$/.test(text) ? Number(text) : undefined;
}
