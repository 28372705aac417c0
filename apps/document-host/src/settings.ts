import { type DocumentLimits, defaultLimits } from "@tidewire/document";
import { defaultDocumentHostOptions as defaults } from "@tidewire/document-host-engine";
import { SHARDS_MAX } from "@tidewire/log-engine";
import { gossipConfigSchema } from "@tidewire/membership-udp";
import { duration, hostPort, z } from "@tidewire/service";

const count = (what: string, value: number) => z.number().int().min(1).default(value).describe(what);

const bytes = (what: string, value: number) => count(`${what}, bytes`, value);

/** Bounds of one document. What clients are promised (PROTOCOL.md section 3.1) can be raised, not lowered. */
const documentLimits = {
  stateMaxBytes: bytes("estimated memory of the state", defaultLimits.stateMaxBytes),
  writesMax: count("changes of one message", defaultLimits.writesMax),
  listItemsMax: count("items of a list of scalars", defaultLimits.listItemsMax),
  tombstonesMax: count("removals a container remembers; beyond them a snapshot", defaultLimits.tombstonesMax),
  viewMaxBytes: bytes("one view as JSON", defaultLimits.viewMaxBytes),
  argMaxLength: count("JSON text of an argument or view state", defaultLimits.argMaxLength),
  valueMaxLength: count("JSON text of a value or of a rejection's data", defaultLimits.valueMaxLength),
  timersMax: count("waiting timers", defaultLimits.timersMax),
  timerArgMaxLength: count("JSON text of a timer's argument", defaultLimits.timerArgMaxLength),
  markersMax: z
    .number()
    .int()
    .min(defaultLimits.markersMax)
    .default(defaultLimits.markersMax)
    .describe("outcomes remembered for markers"),
  markerAge: duration()
    .refine((ms) => ms >= defaultLimits.markerMs, "must be at least a day")
    .default(defaultLimits.markerMs)
    .describe("how long an outcome is remembered if there is room"),
  markersMaxBytes: bytes("all remembered values together", defaultLimits.markersMaxBytes),
} as const;

/** What a document host can be told, beside what every process can. */
export const documentHostSettings = {
  documents: z
    .array(z.string().min(1))
    .default([])
    .describe("files (ES modules) whose exports of defineDocument are served"),
  conformance: z
    .boolean()
    .default(false)
    .describe("also serve the space `conformance`, against which clients are tested"),
  document: z.strictObject(documentLimits).prefault({}),
  log: z.strictObject({
    addresses: z
      .array(hostPort())
      .min(1, "names at least one log storage")
      .max(SHARDS_MAX, `names at most ${SHARDS_MAX} log storages`)
      .describe("link addresses of log storage: one, or every shard of the log in the order of the shards"),
  }),
  gossip: gossipConfigSchema,
  routing: z
    .strictObject({
      epoch: z.number().int().min(0).max(0xffff_ffff).default(1).describe("as the routing-table processes have it"),
    })
    .prefault({}),
  host: z
    .strictObject({
      documentsMax: count("documents in memory", defaults.documentsMax),
      viewersMax: count("viewers of all documents together", defaults.viewersMax),
      viewersPerDocumentMax: count("viewers of one document", defaults.viewersPerDocumentMax),
      commandsMax: count("commands without an answer, of all documents", defaults.commandsMax),
      commandsPerDocumentMax: count("commands waiting in one document", defaults.commandsPerDocumentMax),
      idleUnload: duration().default(defaults.idleUnloadMs).describe("a document unused this long leaves memory"),
      reattachGrace: duration()
        .default(defaults.reattachGraceMs)
        .describe("time an agent may be gone before it counts as disconnected, after a crash or a broken connection"),
      runaway: duration()
        .refine((ms) => Number.isInteger(ms) && ms >= 1, "must be whole milliseconds")
        .default(1_000)
        .describe("document code that runs longer is cut off, and its document reloaded"),
      quarantine: duration()
        .default(defaults.quarantineMs)
        .describe("time a document that keeps failing is left alone"),
      handOverPerSecond: count("documents handed over a second while draining", defaults.handOverPerSecond),
      handOverConcurrency: count("documents handed over at one time", defaults.handOverConcurrency),
    })
    .prefault({}),
} as const;

/** The settings as the runtime takes them. */
export function limitsOf(
  { markerAge, ...limits }: z.infer<typeof documentHostSettings.document>,
  viewersMax: number,
): Partial<DocumentLimits> {
  return { ...limits, markerMs: markerAge, viewersMax };
}
