import {
  DiscardPolicy,
  JetStreamApiCodes,
  JetStreamApiError,
  type JetStreamManager,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
  type StreamInfo,
} from "@nats-io/jetstream";
import type { Layout } from "./layout.ts";
import type { Patience } from "./patience.ts";

/** The streams are not what these settings ask for, and cannot be made so. */
export class StreamSetupError extends Error {}

/** How long a stream remembers message ids: longer than a write is tried. Each id costs the server some 100 bytes. */
const DUPLICATE_WINDOW_MS = 30_000;
/** The newest snapshot and one spare. */
const SNAPSHOTS_KEPT = 2;
const SETUPS_AT_A_TIME = 8;
const FORMAT = 1;

interface KeptLayout {
  readonly format: number;
  readonly partitions: number;
}

/** Creates the streams that are missing, and changes the number of replicas where it differs. */
export async function prepareStreams(
  jsm: JetStreamManager,
  layout: Layout,
  replicas: number,
  patience: Patience,
): Promise<void> {
  await ensureStream(jsm, patience, { ...common(replicas), name: layout.metaStream, subjects: [layout.metaSubjects] });
  await settleLayout(jsm, patience, layout);
  const wanted: StreamSettings[] = [
    { ...common(replicas), name: layout.dueStream, subjects: [layout.dueSubjects], max_msgs_per_subject: 1 },
  ];
  for (let partition = 0; partition < layout.partitions; partition++) {
    wanted.push(
      {
        ...common(replicas),
        name: layout.documentStream(partition),
        subjects: layout.documentStreamSubjects(partition),
      },
      {
        ...common(replicas),
        name: layout.snapshotStream(partition),
        subjects: layout.snapshotStreamSubjects(partition),
        max_msgs_per_subject: SNAPSHOTS_KEPT,
      },
    );
  }
  const queue = [...wanted];
  const work = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) await ensureStream(jsm, patience, next);
  };
  await Promise.all(Array.from({ length: SETUPS_AT_A_TIME }, work));
}

type StreamSettings = Partial<StreamConfig> & { readonly name: string };

function common(replicas: number): Omit<StreamSettings, "name"> {
  return {
    storage: StorageType.File,
    retention: RetentionPolicy.Limits,
    // A full stream refuses what is new; it must never drop what is old.
    discard: DiscardPolicy.New,
    num_replicas: replicas,
    allow_direct: true,
    duplicate_window: DUPLICATE_WINDOW_MS * 1_000_000,
  };
}

async function ensureStream(jsm: JetStreamManager, patience: Patience, settings: StreamSettings): Promise<void> {
  const find = (): Promise<StreamInfo | undefined> =>
    jsm.streams.info(settings.name).catch((error: unknown) => {
      if (error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound) return undefined;
      throw error;
    });
  const existing = await patience.run(find);
  if (existing === undefined) {
    await patience.run(() => jsm.streams.add(settings));
    return;
  }
  const { num_replicas: replicas, subjects, discard, max_msgs_per_subject: kept, max_age: maxAge } = existing.config;
  const isOurs =
    String([...subjects].sort()) === String([...(settings.subjects ?? [])].sort()) &&
    discard === DiscardPolicy.New &&
    (kept === (settings.max_msgs_per_subject ?? -1) || (kept === 0 && settings.max_msgs_per_subject === undefined)) &&
    (maxAge ?? 0) === 0;
  if (!isOurs) {
    throw new StreamSetupError(
      `the stream ${settings.name} exists with other settings (subjects, discard, age or messages per subject): ` +
        "remove it if it is not in use, or choose another nats.namespace",
    );
  }
  if (replicas !== settings.num_replicas) {
    await patience.run(() => jsm.streams.update(settings.name, { num_replicas: settings.num_replicas as number }));
  }
}

/** The number of partitions says where every document is: the first process to start fixes it. */
async function settleLayout(jsm: JetStreamManager, patience: Patience, layout: Layout): Promise<void> {
  const mine: KeptLayout = { format: FORMAT, partitions: layout.partitions };
  const js = jsm.jetstream();
  const settle = (): Promise<unknown> =>
    js
      .publish(layout.layoutSubject, JSON.stringify(mine), { expect: { lastSubjectSequence: 0 } })
      .catch((error: unknown) => {
        if (!isWrongSequence(error)) throw error;
      });
  await patience.run(settle);
  const query = { last_by_subj: layout.layoutSubject };
  const kept = await patience.run(() => jsm.streams.getMessage(layout.metaStream, query));
  const found = kept?.json<KeptLayout>();
  if (found?.format !== FORMAT) {
    throw new StreamSetupError(`the streams are of format ${found?.format}; this program writes format ${FORMAT}`);
  }
  if (found.partitions !== layout.partitions) {
    throw new StreamSetupError(
      `the streams were created with nats.partitions ${found.partitions}, and the number cannot change: set it back, or ` +
        "move the log to another nats.namespace with `tidewire log migrate`",
    );
  }
}

function isWrongSequence(error: unknown): boolean {
  return error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamWrongLastSequence;
}
