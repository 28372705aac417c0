import { SHARDS_MAX } from "@tidewire/log-engine";
import { z } from "@tidewire/service";
import { backupSettings } from "./backup.ts";
import { natsSettings } from "./jetstream/nats-settings.ts";
import { localStorageSettings } from "./local/open-local-storage.ts";

/** What log storage can be told, beside what every process can. */
export const logStorageSettings = {
  storage: z
    .strictObject({
      engine: z
        .enum(["local", "jetstream"])
        .default("local")
        .describe("what keeps the log: a folder of this machine, or NATS JetStream"),
      ...localStorageSettings,
      shard: z
        .strictObject({
          index: z
            .number()
            .int()
            .min(0)
            .optional()
            .describe("which shard this is, from 0; default: the number node.id ends in, as StatefulSets number pods"),
          count: z
            .number()
            .int()
            .min(1)
            .max(SHARDS_MAX)
            .default(1)
            .describe("into how many shards the log is divided; as many as every host has log.addresses"),
        })
        .prefault({}),
    })
    .prefault({}),
  ...natsSettings,
  ...backupSettings,
} as const;

export type LogStorageSettings = z.output<z.ZodObject<typeof logStorageSettings>>;
