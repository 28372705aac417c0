import { defaultS3Options } from "../s3/s3-settings.ts";

const MIB = 1024 * 1024;
const HOUR_MS = 3_600_000;

export interface BackupOptions {
  /** How often what is new is uploaded: what a lost disk loses at most, beside the time an upload takes. */
  readonly everyMs: number;
  /** Bytes a second that are read from the disk and sent. */
  readonly maxBytesPerSecond: number;
  /** Files uploaded at one time. */
  readonly concurrency: number;
  readonly partMaxBytes: number;
  /** Parts smaller than this are joined. */
  readonly joinMaxBytes: number;
  /** Beyond it a restore would not read the manifest: about 600,000 parts, of 4 MiB each. */
  readonly manifestMaxBytes: number;
  /** Bytes that wait for their upload: beyond it, compaction may remove files that were not uploaded. */
  readonly pendingMaxBytes: number;
  /** How long uploads may fail before the same happens. */
  readonly pendingMaxMs: number;
  /** Share of the disk that must be free, or the same happens. */
  readonly freeMinShare: number;
  /** How far back a restore can go. */
  readonly retentionMs: number;
  /** Manifests of each epoch that are kept however old they are. */
  readonly retentionManifests: number;
  /** What a restore may still need is left alone for this long after the retention. */
  readonly graceMs: number;
  /** How often retention is looked after. */
  readonly cleanEveryMs: number;
}

export const defaultBackupOptions: BackupOptions = {
  everyMs: 5_000,
  maxBytesPerSecond: 32 * MIB,
  concurrency: 2,
  // Hashed, signed and encrypted on the thread that serves appends: 4 MiB cost it a few milliseconds in all.
  partMaxBytes: 4 * MIB,
  joinMaxBytes: 2 * MIB,
  manifestMaxBytes: defaultS3Options.answerMaxBytes,
  pendingMaxBytes: 4_096 * MIB,
  pendingMaxMs: 24 * HOUR_MS,
  freeMinShare: 0.1,
  retentionMs: 7 * 24 * HOUR_MS,
  retentionManifests: 2,
  graceMs: 24 * HOUR_MS,
  cleanEveryMs: HOUR_MS,
};
