import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { Clock, Logger, MetricsSink, Random, Timer } from "@tidewire/foundation";
import type { StoreFiles } from "@tidewire/log-engine-local";
import type { S3Client } from "../s3/s3-client.ts";
import { S3Error } from "../s3/s3-error.ts";
import type { BackupKeys, StoreKeys } from "../store/backup-keys.ts";
import { type ListedManifest, listEpochs, listManifests, readManifest } from "../store/find-manifests.ts";
import { type BackupManifest, encodeManifest } from "../store/manifest.ts";
import { ManifestError } from "../store/manifest-check.ts";
import { adoptParts, fileKey, isEarlierState, listParts } from "./adopt.ts";
import { type BackupOptions, defaultBackupOptions } from "./backup-options.ts";
import { BackupPressure } from "./backup-pressure.ts";
import { ByteRate } from "./byte-rate.ts";
import { Cleaner } from "./cleaner.ts";
import { type ClaimedEpoch, claimEpoch, highestEpoch } from "./epoch-claim.ts";
import { FileUploader } from "./file-uploader.ts";
import { BackupMetrics } from "./metrics.ts";
import { hourOf, namedBy } from "./retention.ts";
import { freeShare } from "./room.ts";
import { readSideFiles } from "./side-files.ts";
import { StoreTracking } from "./store-tracking.ts";

export interface BackupModules {
  /** The backup's own: closed when it stops. */
  readonly s3: S3Client;
  readonly files: StoreFiles;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: MetricsSink;
}

export interface BackupIdentity {
  readonly keys: BackupKeys;
  readonly cluster: string;
  /** Name of the process, for people. */
  readonly node: string;
  /** Names of small text files in the folder of the log that belong to it. Those that are not there are left out. */
  readonly sideFiles?: readonly string[];
}

export interface BackupStatus {
  /** Why nothing is uploaded now; absent while all is well. */
  readonly failure?: string;
  readonly isBehind: boolean;
  readonly isSuperseded: boolean;
  readonly lagBytes: number;
  readonly lagMs: number;
  readonly epoch?: string;
  /** Of the newest manifest. */
  readonly manifest?: number;
}

/** Set when the epoch is claimed and what is in the backup already is known. */
interface Session {
  readonly epoch: ClaimedEpoch;
  readonly keys: StoreKeys;
  readonly uploader: FileUploader;
  readonly cleaner: Cleaner;
  readonly storeFile: string;
  readonly storeId: string;
  readonly previous: string | undefined;
}

/** Epochs looked at for one whose work can be gone on with. */
const PREVIOUS_MAX = 20;
const MEASURE_MS = 1_000;

/**
 * Copies a running store to S3, every few seconds: what a crash at one moment would leave behind is uploaded, part by
 * part, and then a manifest that names all of it. Only the manifest makes parts count, so whatever fails in between is
 * tried again in the next round. Nothing waits for any of this; files that compaction would remove are kept until they
 * are uploaded, as long as there is room.
 */
export class Backup {
  readonly #modules: BackupModules;
  readonly #identity: BackupIdentity;
  readonly #options: BackupOptions;
  readonly #metrics: BackupMetrics;
  readonly #rate: ByteRate;
  readonly #tracking = new StoreTracking();
  readonly #pressure: BackupPressure;
  #session: Session | undefined;
  #timer: Timer | undefined;
  #measuring: Timer | undefined;
  #round: Promise<void> | undefined;
  #cleaning: Promise<void> | undefined;
  #isStopped = false;
  #failure: string | undefined;
  #isSuperseded = false;
  #manifestNumber = 0;
  #manifestHour: number | undefined;
  /** What the newest manifest described. */
  #described = "";
  /** Monotonic ms of the newest image that is in the backup. */
  #coveredAt: number;
  #cleanedAt: number;
  #retriesSeen = 0;
  #pendingAtStart: number | undefined;

  constructor(modules: BackupModules, identity: BackupIdentity, options: Partial<BackupOptions> = {}) {
    this.#modules = modules;
    this.#identity = identity;
    this.#options = { ...defaultBackupOptions, ...options };
    this.#metrics = new BackupMetrics(modules.metrics);
    this.#rate = new ByteRate(modules.clock, this.#options.maxBytesPerSecond);
    this.#pressure = new BackupPressure(this.#options);
    this.#coveredAt = modules.clock.monotonicMs();
    this.#cleanedAt = this.#coveredAt;
  }

  /** Call right after the store was opened: nothing is removed from then on that was not uploaded. */
  start(): void {
    this.#modules.files.retain();
    this.#metrics.isBehind.set(0);
    this.#metrics.isSuperseded.set(0);
    this.#watch();
    this.#schedule(0);
  }

  get status(): BackupStatus {
    return {
      ...(this.#failure === undefined ? {} : { failure: this.#failure }),
      isBehind: this.#pressure.isBehind,
      isSuperseded: this.#isSuperseded,
      lagBytes: this.#tracking.pendingBytes,
      lagMs: this.#modules.clock.monotonicMs() - this.#coveredAt,
      ...(this.#session === undefined ? {} : { epoch: this.#session.epoch.name, manifest: this.#manifestNumber }),
    };
  }

  /** One round now; one under way is waited for first. Failures are logged and counted, and in `status`. */
  async round(): Promise<void> {
    while (this.#round !== undefined) await this.#round;
    if (this.#isStopped) return;
    this.#round = this.#work().finally(() => {
      this.#round = undefined;
    });
    await this.#round;
  }

  /** Removes what retention allows now. One under way is joined. Nothing before the first manifest. */
  clean(): Promise<void> {
    if (this.#session === undefined || this.#manifestNumber === 0) return Promise.resolve();
    this.#cleaning ??= this.#clean(this.#session).finally(() => {
      this.#cleaning = undefined;
    });
    return this.#cleaning;
  }

  /** A last round, as far as it gets within the time, and no more. Call before the store is closed. */
  async stop(graceMs: number): Promise<void> {
    this.#timer?.cancel();
    const late = this.#modules.clock.after(graceMs, () => this.#abort());
    await this.round();
    late.cancel();
    this.#abort();
    await this.#round;
    await this.#cleaning;
  }

  #abort(): void {
    this.#isStopped = true;
    this.#measuring?.cancel();
    this.#rate.stop();
    this.#modules.s3.close();
  }

  /** Beside the rounds: one that gets no answers lasts minutes, and that is when somebody looks at the lag. */
  #watch(): void {
    this.#measure();
    this.#measuring = this.#modules.clock.after(MEASURE_MS, () => this.#watch());
  }

  #schedule(delayMs: number): void {
    if (this.#isStopped) return;
    this.#timer = this.#modules.clock.after(delayMs, () => {
      void this.round().finally(() => this.#schedule(this.#options.everyMs));
    });
  }

  async #work(): Promise<void> {
    const { clock, files, logger } = this.#modules;
    const startedAt = clock.monotonicMs();
    try {
      // Before the image: what was written earlier is in it.
      const at = clock.wallMs();
      const image = await files.image();
      await this.#tracking.follow(image, clock.wallMs());
      await this.#relieve(dirname(image.storeFile));
      this.#session ??= await this.#begin(image.storeId, image.storeFile);
      await this.#uploadAll(this.#session);
      await this.#writeManifest(this.#session, at);
      files.letGo(this.#tracking.settled);
      this.#coveredAt = startedAt;
      this.#succeeded();
      if (clock.monotonicMs() - this.#cleanedAt >= this.#options.cleanEveryMs) void this.clean();
    } catch (error) {
      this.#failed(error);
    } finally {
      this.#measure();
    }
    if (this.#failure === undefined) logger.debug({ manifest: this.#manifestNumber }, "the backup is up to date");
  }

  /** Takes an epoch, and finds out what of this store is in the backup already. */
  async #begin(storeId: string, storeFile: string): Promise<Session> {
    const { s3, clock, random, logger } = this.#modules;
    const keys = this.#identity.keys.store(storeId);
    const listed = await listParts(s3, keys, this.#tracking.files);
    for (const file of this.#tracking.files.values()) {
      if (file.parts.length === 0) file.parts = await adoptParts(file, listed.get(fileKey(file)) ?? [], this.#rate);
    }
    const previous = await this.#inherit(keys);
    const epoch = await claimEpoch(s3, keys, { random, node: this.#identity.node, now: clock.wallMs() });
    const modules = { s3, keys, storeId, epoch: epoch.name, rate: this.#rate, metrics: this.#metrics };
    const uploader = new FileUploader(modules, this.#options);
    const pendingBytes = this.#tracking.pendingBytes;
    logger.info({ epoch: epoch.name, isFenced: epoch.isFenced, pendingBytes, previous }, "backing up to S3");
    const cleaner = new Cleaner(s3, keys, this.#options);
    return { epoch, keys, uploader, cleaner, storeFile, storeId, previous };
  }

  /** Goes on where an earlier process of this store stopped, as far as its retired files are concerned. */
  async #inherit(keys: StoreKeys): Promise<string | undefined> {
    const { s3, clock } = this.#modules;
    for (const epoch of (await listEpochs(s3, keys)).slice(0, PREVIOUS_MAX)) {
      const [newest] = await listManifests(s3, keys, epoch);
      if (newest === undefined) continue;
      const manifest = await this.#readable(keys, newest);
      if (manifest === undefined) continue;
      if (!(await isEarlierState(manifest, this.#tracking.files, this.#rate))) continue;
      this.#tracking.inherit(manifest.files, clock.wallMs());
      return epoch;
    }
    return undefined;
  }

  /** One that cannot be believed is of no use, and no reason to upload nothing from now on. */
  async #readable(keys: StoreKeys, listed: ListedManifest): Promise<BackupManifest | undefined> {
    try {
      return await readManifest(this.#modules.s3, keys, listed);
    } catch (error) {
      if (!(error instanceof ManifestError)) throw error;
      this.#modules.logger.error(
        { err: error },
        "an earlier manifest cannot be read: the backup does not go on with it",
      );
      return undefined;
    }
  }

  async #uploadAll({ uploader }: Session): Promise<void> {
    const waiting = this.#tracking.incomplete;
    const work = async (): Promise<void> => {
      for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
        await uploader.upload(file);
        this.#measure();
      }
    };
    const workers = Array.from({ length: this.#options.concurrency }, work);
    const failed = (await Promise.allSettled(workers)).find(({ status }) => status === "rejected");
    if (failed !== undefined) throw (failed as PromiseRejectedResult).reason;
  }

  async #writeManifest(session: Session, at: number): Promise<void> {
    const sideFiles = await readSideFiles(dirname(session.storeFile), this.#identity.sideFiles ?? []);
    const described = JSON.stringify([this.#tracking.fingerprint, sideFiles]);
    if (described === this.#described) return;
    const files = this.#tracking.describe();
    const { epoch, keys, storeId, previous } = session;
    const { cluster, node } = this.#identity;
    const number = this.#manifestNumber + 1;
    const store = await readFile(session.storeFile, "latin1");
    const { bytes, sha256 } = await encodeManifest({
      cluster,
      storeId,
      epoch: epoch.name,
      ...(previous === undefined ? {} : { previous }),
      number,
      at,
      node,
      store,
      sideFiles,
      files,
    });
    const { manifestMaxBytes } = this.#options;
    if (bytes.length > manifestMaxBytes) {
      throw new Error(`the manifest has ${bytes.length} bytes, and a restore reads ${manifestMaxBytes}: shard the log`);
    }
    const retired = this.#tracking.retired;
    await this.#modules.s3.put(keys.manifest({ epoch: epoch.name, number, at, sha256 }), bytes, { sha256 });
    this.#metrics.manifests.add();
    this.#manifestNumber = number;
    this.#described = described;
    if (this.#manifestHour === hourOf(at)) return;
    // The first manifest of an hour is kept for the whole retention: what it names need not be named by later ones.
    this.#manifestHour = hourOf(at);
    this.#tracking.forget(retired);
  }

  /** Room on the disk comes before completeness: what was not uploaded may go rather than fill it. */
  async #relieve(directory: string): Promise<void> {
    const { clock, files, logger } = this.#modules;
    const changed = this.#pressure.assess({
      pendingBytes: this.#tracking.pendingBytes - this.#firstUploadBytes(),
      pendingMs: clock.monotonicMs() - this.#coveredAt,
      freeShare: await freeShare(directory),
    });
    if (changed === "behind") {
      const { reason } = this.#pressure;
      logger.error({ reason }, "the backup is behind: files may be removed that it does not have; history is lost");
      files.letGoOfAll();
    } else if (changed === "recovered") {
      logger.info({}, "the backup keeps up again: files are kept until they are uploaded");
      files.retain();
    }
  }

  /** A store that was never backed up waits for its first upload with all it has; it loses nothing by that. */
  #firstUploadBytes(): number {
    if (this.#manifestNumber > 0) return 0;
    this.#pendingAtStart ??= this.#tracking.pendingBytes;
    return this.#pendingAtStart;
  }

  /** Beside the rounds, because listing and removing may take long. */
  async #clean({ keys, epoch, cleaner }: Session): Promise<void> {
    const { s3, clock, logger } = this.#modules;
    this.#cleanedAt = clock.monotonicMs();
    try {
      const isSuperseded = (await highestEpoch(s3, keys)) > epoch.number;
      if (isSuperseded && !this.#isSuperseded) {
        logger.error({ epoch: epoch.name }, "another process has a newer epoch of this store; only that one removes");
      }
      this.#isSuperseded = isSuperseded;
      this.#metrics.isSuperseded.set(isSuperseded ? 1 : 0);
      if (isSuperseded) return;
      const removed = await cleaner.clean(clock.wallMs(), () => namedBy({ files: this.#tracking.describe() }, keys));
      this.#metrics.removedObjects.add(removed);
    } catch (error) {
      if (!this.#isStopped) logger.warn({ err: error }, "old backups could not be removed; it is tried again");
    }
  }

  #succeeded(): void {
    this.#metrics.lastSuccess.set(this.#modules.clock.wallMs() / 1000);
    if (this.#failure !== undefined) this.#modules.logger.info({}, "the backup works again");
    this.#failure = undefined;
  }

  #failed(error: unknown): void {
    if (this.#isStopped) return;
    const reason = error instanceof S3Error ? (error.status === 0 ? error.code : "refused") : "local";
    this.#metrics.failures.add(1, { reason });
    const text = (error as Error).message;
    // Once for each reason: a store that is away for an hour fails hundreds of times.
    if (this.#failure !== text) this.#modules.logger.error({ err: error }, "the backup failed; it is tried again");
    this.#failure = text;
  }

  #measure(): void {
    const { lagBytes, lagMs, isBehind } = this.status;
    this.#metrics.lagBytes.set(lagBytes);
    this.#metrics.lagSeconds.set(lagMs / 1_000);
    this.#metrics.isBehind.set(isBehind ? 1 : 0);
    const { retries } = this.#modules.s3;
    this.#metrics.retries.add(retries - this.#retriesSeen);
    this.#retriesSeen = retries;
  }
}
