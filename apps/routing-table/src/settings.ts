import { gossipConfigSchema } from "@tidewire/membership-udp";
import { defaultFreeze } from "@tidewire/routing";
import { duration, z } from "@tidewire/service";

/** What a routing-table process can be told, beside what every process can. */
export const routingTableSettings = {
  gossip: gossipConfigSchema,
  routing: z
    .strictObject({
      epoch: z
        .number()
        .int()
        .min(0)
        .max(0xffff_ffff)
        .default(1)
        .describe("meaning of the table; raise it when a cluster is built anew, so that nobody keeps an older table"),
      coalesce: duration().default(100).describe("changes this close together become one table"),
      freeze: z
        .strictObject({
          share: z
            .number()
            .min(0)
            .max(1)
            .default(defaultFreeze.lostShare)
            .describe("more than this share of the active hosts lost at once freezes the table; 1 never does"),
          minimum: z
            .number()
            .int()
            .min(1)
            .default(defaultFreeze.lostMin)
            .describe("fewer lost hosts than this never freeze it"),
          window: duration().default(defaultFreeze.windowMs).describe("losses this close together count as one"),
          hold: duration().default(defaultFreeze.holdMs).describe("longest time a frozen table is kept"),
        })
        .prefault({}),
    })
    .prefault({}),
} as const;
