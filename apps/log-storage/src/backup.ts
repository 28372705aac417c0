import {
  Backup,
  BackupKeys,
  type BackupStatus,
  defaultBackupOptions,
  readCredentials,
  S3Client,
} from "@tidewire/backup-s3";
import type { StoreFiles } from "@tidewire/log-engine-local";
import { duration, type ServiceContext, StartError, z } from "@tidewire/service";

const bytes = () => z.number().int().min(1);
const secret = () => z.string().min(1).optional();
const file = (what: string) => z.string().min(1).optional().describe(`file that holds ${what} instead`);

export const backupSettings = {
  s3: z
    .strictObject({
      bucket: z.string().min(1).optional().describe("bucket the log is backed up to; without it there is no backup"),
      endpoint: z.string().optional().describe("URL of the S3 server; default: AWS in s3.region"),
      region: z.string().min(1).default("us-east-1").describe("region requests are signed for"),
      addressing: z
        .enum(["path", "virtual-host"])
        .default("path")
        .describe("where the bucket stands: endpoint/bucket, or bucket.endpoint"),
      prefix: z.string().default("").describe("what all keys begin with; ends with a slash"),
      cluster: z.string().default("tidewire").describe("name of this system within the bucket"),
      accessKeyId: z.string().min(1).optional().describe("id of the access key"),
      accessKeyIdFile: file("it"),
      secretAccessKey: secret().describe("the access key; better in a file"),
      secretAccessKeyFile: file("it"),
      sessionToken: secret().describe("token that belongs to a temporary access key"),
      sessionTokenFile: file("it"),
      every: duration().default(defaultBackupOptions.everyMs).describe("how often what is new is uploaded"),
      maxBytesPerSecond: bytes()
        .default(defaultBackupOptions.maxBytesPerSecond)
        .describe("bytes a second that are read and sent"),
      retention: duration().default(defaultBackupOptions.retentionMs).describe("how far back a restore can go"),
      grace: duration()
        .default(defaultBackupOptions.graceMs)
        .describe("how much longer what a restore may be reading is left alone"),
      pendingMaxBytes: bytes()
        .default(defaultBackupOptions.pendingMaxBytes)
        .describe("bytes kept on the disk for the backup; beyond it files go without having been uploaded"),
      pendingMaxAge: duration()
        .default(defaultBackupOptions.pendingMaxMs)
        .describe("how long uploads may fail before the same happens"),
    })
    .prefault({}),
} as const;

export type BackupSettings = z.output<z.ZodObject<typeof backupSettings>>["s3"];

/** What is in the folder of the log beside the log, and belongs to it. */
const SIDE_FILES = ["SHARD.json"];
/** For the last round when the process stops; the next start uploads what it did not manage. */
const STOP_GRACE_MS = 5_000;

export interface RunningBackup {
  /** What is wrong with it, for `/readyz`: a log whose backup fails is ready all the same. */
  notices(): readonly string[];
  stop(): Promise<void>;
}

/** Backs the log up if a bucket is set. Resolves before S3 was asked anything: a log is served without it, too. */
export async function startBackup(
  settings: BackupSettings,
  files: StoreFiles | undefined,
  context: ServiceContext,
): Promise<RunningBackup> {
  const { bucket, prefix, cluster, region, addressing } = settings;
  if (bucket === undefined) return { notices: () => [], stop: async () => {} };
  if (files === undefined) throw new StartError("s3.bucket is set, but only storage.engine local is backed up", 2);
  const endpoint = settings.endpoint ?? `https://s3.${region}.amazonaws.com`;
  const { clock, random, logger, metrics, nodeId } = context;
  const backup = await readCredentials(settings)
    .then((credentials) => {
      const s3 = new S3Client({ endpoint, region, bucket, addressing, credentials }, { clock, random });
      const identity = { keys: new BackupKeys(prefix, cluster), cluster, node: nodeId, sideFiles: SIDE_FILES };
      return new Backup({ s3, files, clock, random, logger, metrics }, identity, optionsOf(settings));
    })
    .catch((error: unknown) => {
      throw error instanceof RangeError ? new StartError(error.message, 2) : error;
    });
  if (endpoint.startsWith("http:")) logger.warn({ endpoint }, "the backup is sent unencrypted");
  backup.start();
  return { notices: () => noticesOf(backup.status), stop: () => backup.stop(STOP_GRACE_MS) };
}

function noticesOf({ failure, isBehind, isSuperseded, lagBytes, lagMs }: BackupStatus): string[] {
  const notices: string[] = [];
  if (failure !== undefined) {
    notices.push(`backup: ${failure}; ${lagBytes} bytes wait, for ${Math.round(lagMs / 1_000)} s`);
  }
  if (isBehind) notices.push("backup: behind; files may go without having been uploaded");
  if (isSuperseded) notices.push("backup: another process has opened a copy of this store");
  return notices;
}

function optionsOf(settings: BackupSettings): ConstructorParameters<typeof Backup>[2] {
  const { every, maxBytesPerSecond, retention, grace, pendingMaxBytes, pendingMaxAge } = settings;
  return {
    everyMs: every,
    maxBytesPerSecond,
    retentionMs: retention,
    graceMs: grace,
    pendingMaxBytes,
    pendingMaxMs: pendingMaxAge,
  };
}
