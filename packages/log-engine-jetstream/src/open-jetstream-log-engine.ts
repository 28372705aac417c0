import { type Clock, type Logger, type MetricsSink, type Random } from "@tidewire/foundation";
import { Admission } from "./admission.ts";
import { DocumentLocks } from "./document-locks.ts";
import { DocumentWrites } from "./document-writes.ts";
import { DueScan } from "./due-scan.ts";
import { DueTimers } from "./due-timers.ts";
import { findDurability } from "./durability.ts";
import { Fences } from "./fences.ts";
import { judgeServer } from "./gate.ts";
import { History } from "./history.ts";
import { JetStreamLogEngine } from "./jetstream-log-engine.ts";
import { Layout } from "./layout.ts";
import { Listing } from "./listing.ts";
import { Loader } from "./loader.ts";
import { JetStreamLogMetrics } from "./metrics.ts";
import { NatsLink, type ServerCheck } from "./nats-link.ts";
import { checkOptions, defaultJetStreamLogOptions, type JetStreamLogOptions } from "./options.ts";
import { Patience } from "./patience.ts";
import { Payloads } from "./payloads.ts";
import { Publisher } from "./publisher.ts";
import { Seal } from "./seal.ts";
import { SnapshotWrites } from "./snapshot-writes.ts";
import { Snapshots } from "./snapshots.ts";
import { StateCache } from "./state-cache.ts";
import { prepareStreams } from "./streams.ts";
import { SubjectNames } from "./subject-names.ts";
import { SubjectReader } from "./subject-reader.ts";
import { TailReads } from "./tail-reads.ts";
import { Trimmer } from "./trimmer.ts";

export interface JetStreamLogModules {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: MetricsSink;
}

/** `access` must be given; everything else has a default. */
export type JetStreamLogSettings = Partial<JetStreamLogOptions> & Pick<JetStreamLogOptions, "access">;

/** The servers cannot keep the log safely, and the operator has not said that this is accepted. */
export class UnsafeServerError extends Error {}

/**
 * Connects, judges the servers, creates the streams that are missing, and returns the engine. Throws `UnsafeServerError`,
 * `StreamSetupError`, `RangeError` for settings, or the client library's error if no server answers.
 */
export async function openJetStreamLogEngine(
  settings: JetStreamLogSettings,
  modules: JetStreamLogModules,
): Promise<JetStreamLogEngine> {
  const options: JetStreamLogOptions = { ...defaultJetStreamLogOptions, ...settings };
  checkOptions(options);
  const { logger, clock, random } = modules;
  const metrics = new JetStreamLogMetrics(modules.metrics);
  const durability = await findDurability(options.monitoring, options.statesSyncAlways);
  const patience = new Patience(clock, options.startTimeoutMs);
  const check: ServerCheck = (server) => {
    const { refusals, warnings } = judgeServer(server, options.replicas);
    for (const warning of warnings) logger.warn(server, warning);
    if (options.acceptsUnsafe && refusals.length > 0) logger.error({ ...server, refusals }, "unsafe, but accepted");
    return options.acceptsUnsafe ? undefined : refusals[0];
  };
  const link = await NatsLink.connect(options, { clock, logger, metrics }, check, patience);
  try {
    const older = durability.versions
      .map((version) => judgeServer({ version, maxPayload: Number.POSITIVE_INFINITY }, options.replicas).refusals[0])
      .find((refusal) => refusal !== undefined);
    const problem = link.problem ?? (options.acceptsUnsafe ? undefined : older);
    if (problem !== undefined) throw new UnsafeServerError(problem);
    const layout = new Layout(options.namespace, options.partitions);
    await prepareStreams(link.jsm, layout, options.replicas, patience);
    metrics.isDurable.set(durability.isDurable ? 1 : 0);
    if (durability.isDurable) logger.info({ durable: true, source: durability.source }, durability.reason);
    else logger.warn({ durable: false, source: durability.source }, durability.reason);
    const engine = assemble(link, layout, options, { clock, random, logger, metrics });
    await engine.due.start();
    await engine.seal.start();
    return new JetStreamLogEngine(engine, options.limits, durability);
  } catch (error) {
    await link.close();
    throw error;
  }
}

function assemble(
  link: NatsLink,
  layout: Layout,
  options: JetStreamLogOptions,
  modules: {
    readonly clock: Clock;
    readonly random: Random;
    readonly logger: Logger;
    readonly metrics: JetStreamLogMetrics;
  },
): ConstructorParameters<typeof JetStreamLogEngine>[0] {
  const { clock, metrics } = modules;
  const reader = new SubjectReader({ link, clock, silenceMs: options.readTimeoutMs });
  const publisher = new Publisher({ link, ...modules }, options.writeTimeoutMs);
  const payloads = new Payloads({ link, publisher, reader }, options.inlineMaxBytes);
  const trimmer = new Trimmer({ link, ...modules }, options.purgesPerSecond, options.purgeQueueMax);
  const snapshots = new Snapshots({ reader, publisher, payloads, trimmer });
  const loader = new Loader({ reader, snapshots, metrics });
  const due = new DueTimers({ link, publisher, trimmer, layout, ...modules }, options);
  const fences = new Fences({ link, layout, ...modules });
  const states = new StateCache(options.cachedDocumentsMax);
  const shared = { link, layout, loader, publisher, payloads, snapshots, trimmer, due, fences, states, ...modules };
  const names = new SubjectNames({ link, layout, clock }, options);
  const listing = new Listing({ layout, loader, names }, options);
  return {
    ...shared,
    writes: new DocumentWrites(shared),
    snapshotWrites: new SnapshotWrites(shared),
    reads: new TailReads(shared),
    history: new History({ reader, snapshots, payloads }),
    listing,
    dueScan: new DueScan({ due, listing, layout }),
    seal: new Seal(shared),
    locks: new DocumentLocks(),
    admission: new Admission(options.queueMaxBytes, options.queueMax, metrics),
  };
}
