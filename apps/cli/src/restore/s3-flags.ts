import { readFile } from "node:fs/promises";
import { BackupKeys, BackupReader, readCredentials, S3Client } from "@tidewire/backup-s3";
import { SystemClock, SystemRandom } from "@tidewire/foundation";
import { type Command, Option } from "commander";
import { CommandFailure } from "../command-failure.ts";

/** The settings of log-storage that say where a backup is, under the same names. */
const settings = {
  bucket: "bucket the backup is in",
  endpoint: "URL of the S3 server; default: AWS in s3.region",
  region: "region requests are signed for",
  addressing: "path or virtual-host: where the bucket stands in a URL",
  prefix: "what all keys begin with",
  cluster: "name of the system within the bucket",
  accessKeyId: "id of the access key",
  accessKeyIdFile: "file that holds it instead",
  secretAccessKey: "the access key; better in a file or the environment",
  secretAccessKeyFile: "file that holds it instead",
  sessionToken: "token of a temporary access key",
  sessionTokenFile: "file that holds it instead",
} as const;
type SettingName = keyof typeof settings;

export type S3Flags = Readonly<Record<string, unknown>>;

export function withS3Flags(command: Command): Command {
  for (const [name, description] of Object.entries(settings)) {
    const env = `TIDEWIRE_S3_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
    command.addOption(new Option(`--s3.${name} <value>`, description).env(env));
  }
  return command
    .option("--config <file>", "JSON file with s3.* for what neither flag nor environment says")
    .option("--store <id>", "id of the store, if the backup is of several");
}

/** Throws `CommandFailure` for settings that are missing or wrong, `RestoreError` if there is no such backup. */
export async function openBackup(flags: S3Flags): Promise<BackupReader> {
  const file = await readConfig(flags["config"] as string | undefined);
  const valueOf = (name: SettingName): string | undefined =>
    (flags[`s3.${name}`] as string | undefined) ?? file[name] ?? undefined;
  const bucket = valueOf("bucket");
  if (bucket === undefined)
    throw new CommandFailure("set --s3.bucket, TIDEWIRE_S3_BUCKET, or s3.bucket in --config", 2);
  const region = valueOf("region") ?? "us-east-1";
  const endpoint = valueOf("endpoint") ?? `https://s3.${region}.amazonaws.com`;
  const addressing = valueOf("addressing") ?? "path";
  if (addressing !== "path" && addressing !== "virtual-host") {
    throw new CommandFailure(`s3.addressing is path or virtual-host, not ${addressing}`, 2);
  }
  try {
    const credentials = await readCredentials({
      accessKeyId: valueOf("accessKeyId"),
      accessKeyIdFile: valueOf("accessKeyIdFile"),
      secretAccessKey: valueOf("secretAccessKey"),
      secretAccessKeyFile: valueOf("secretAccessKeyFile"),
      sessionToken: valueOf("sessionToken"),
      sessionTokenFile: valueOf("sessionTokenFile"),
    });
    const modules = { clock: new SystemClock(), random: new SystemRandom() };
    const s3 = new S3Client({ endpoint, region, bucket, addressing, credentials }, modules);
    const keys = new BackupKeys(valueOf("prefix") ?? "", valueOf("cluster") ?? "tidewire");
    return await BackupReader.open(s3, keys, flags["store"] as string | undefined);
  } catch (error) {
    throw error instanceof RangeError ? new CommandFailure(error.message, 2) : error;
  }
}

/** Only `s3`: the file may be the one of log-storage, with settings that mean nothing here. */
async function readConfig(path: string | undefined): Promise<Readonly<Partial<Record<SettingName, string>>>> {
  if (path === undefined) return {};
  try {
    const parsed = JSON.parse(await readFile(path, "utf8")) as {
      readonly s3?: Partial<Record<SettingName, string>>;
    } | null;
    return parsed?.s3 ?? {};
  } catch (error) {
    throw new CommandFailure(`cannot read --config ${path}: ${(error as Error).message}`, 2);
  }
}
