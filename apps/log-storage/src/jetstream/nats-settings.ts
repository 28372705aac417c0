import { defaultJetStreamLogOptions, type JetStreamLogSettings } from "@tidewire/log-engine-jetstream";
import { StartError, z } from "@tidewire/service";
import { natsIdentity, natsTls } from "./nats-identity.ts";

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
      password: z.string().optional().describe("password of the user; better in a file"),
      passwordFile: z.string().optional().describe("file that holds it instead"),
      token: z.string().optional().describe("token of NATS, instead of a user; better in a file"),
      tokenFile: z.string().optional().describe("file that holds it instead"),
      nkeyFile: z.string().optional().describe("file with the seed of an nkey, instead of user or token"),
      credentialsFile: z.string().optional().describe("a .creds file, instead of user, token or nkey"),
      tls: z
        .strictObject({
          enabled: z
            .boolean()
            .default(false)
            .describe("use no server without TLS; so do the others of nats.tls, which this needs none of"),
          caFile: z.string().optional().describe("certificate authority of the NATS servers; default: those of Node"),
          certFile: z.string().optional().describe("certificate this process shows to NATS"),
          keyFile: z.string().optional().describe("key of that certificate"),
          serverName: z
            .string()
            .optional()
            .describe("what the servers' certificates are for, if it is not the host in nats.url"),
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
  const { url, monitoring, syncAlways, acceptUnsafe } = settings;
  if (url === undefined) throw new StartError("set nats.url: storage.engine jetstream keeps the log there", 2);
  // The effective settings are printed, and the log names the server.
  if (url.includes("@")) throw new StartError("nats.url must not hold a password: use nats.user and nats.password", 2);
  return {
    access: {
      servers: url.split(",").map((server) => server.trim()),
      ...natsIdentity(settings),
      ...natsTls(settings.tls),
    },
    namespace: settings.namespace,
    partitions: settings.partitions,
    replicas: settings.replicas,
    monitoring,
    statesSyncAlways: syncAlways,
    acceptsUnsafe: acceptUnsafe,
  };
}
