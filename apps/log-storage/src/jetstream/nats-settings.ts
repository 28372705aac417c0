import { readFileSync } from "node:fs";
import { defaultJetStreamLogOptions, type JetStreamLogSettings } from "@tidewire/log-engine-jetstream";
import { StartError, z } from "@tidewire/service";

/** Settings of `storage.engine: jetstream`. */
export const natsSettings = {
  nats: z
    .strictObject({
      url: z
        .string()
        .min(1)
        .optional()
        .describe("NATS servers, separated by commas: nats://a:4222,nats://b:4222; needed by storage.engine jetstream"),
      user: z.string().optional().describe("user of NATS"),
      password: z.string().optional().describe("password of the user"),
      token: z.string().optional().describe("token of NATS, instead of a user"),
      credentialsFile: z.string().optional().describe("a .creds file, instead of user or token"),
      tls: z
        .strictObject({
          caFile: z.string().optional().describe("certificate authority of the NATS servers"),
          certFile: z.string().optional().describe("certificate this process shows to NATS"),
          keyFile: z.string().optional().describe("key of that certificate"),
        })
        .prefault({}),
      namespace: z
        .string()
        .regex(/^[A-Za-z0-9_-]{1,32}$/)
        .default(defaultJetStreamLogOptions.namespace)
        .describe("what the names of all streams and subjects begin with"),
      partitions: z
        .number()
        .int()
        .min(1)
        .max(64)
        .default(defaultJetStreamLogOptions.partitions)
        .describe("streams the documents are spread over; fixed when the first process starts"),
      replicas: z
        .number()
        .int()
        .refine((replicas) => [1, 3, 5].includes(replicas), "must be 1, 3 or 5")
        .default(defaultJetStreamLogOptions.replicas)
        .describe("servers that keep each stream: 1, 3 or 5"),
      monitoring: z
        .array(z.url())
        .default([])
        .describe(
          "monitoring ports of all servers (http://a:8222), to learn whether they sync before they acknowledge",
        ),
      syncAlways: z
        .boolean()
        .default(false)
        .describe("your word that every server has jetstream.sync_interval always, where monitoring cannot be asked"),
      acceptUnsafe: z
        .boolean()
        .default(false)
        .describe("use servers that are known to lose or fork acknowledged writes; for tests"),
    })
    .prefault({}),
} as const;

export type NatsSettings = z.output<z.ZodObject<typeof natsSettings>>["nats"];

/** The settings as the engine takes them. Throws a `StartError` for what cannot work. */
export function jetStreamSettings(settings: NatsSettings): JetStreamLogSettings {
  const { url, user, password, token, credentialsFile, tls, monitoring, syncAlways, acceptUnsafe } = settings;
  if (url === undefined) throw new StartError("set nats.url: storage.engine jetstream keeps the log there", 2);
  // The effective settings are printed, and the log names the server.
  if (url.includes("@")) throw new StartError("nats.url must not hold a password: use nats.user and nats.password", 2);
  const { caFile, certFile, keyFile } = tls;
  const hasTls = caFile !== undefined || certFile !== undefined || keyFile !== undefined;
  return {
    access: {
      servers: url.split(",").map((server) => server.trim()),
      ...(user === undefined ? {} : { user }),
      ...(password === undefined ? {} : { password }),
      ...(token === undefined ? {} : { token }),
      ...(credentialsFile === undefined ? {} : { credentials: readText("nats.credentialsFile", credentialsFile) }),
      ...(hasTls ? { tls: definedOnly({ caFile, certFile, keyFile }) } : {}),
    },
    namespace: settings.namespace,
    partitions: settings.partitions,
    replicas: settings.replicas,
    monitoring,
    statesSyncAlways: syncAlways,
    acceptsUnsafe: acceptUnsafe,
  };
}

function readText(setting: string, file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new StartError(`cannot read ${setting}: ${(error as Error).message}`);
  }
}

function definedOnly(values: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
