import type { DocumentName } from "@tidewire/foundation";
import type { DocumentCopy } from "./document-copy.ts";
import type { HostMetrics } from "./host-metrics.ts";
import type { LogModules } from "./log-append.ts";

/** After a snapshot that failed, patches simply go on; trying again soon would only add load to a log in trouble. */
const RETRY_AFTER_MS = 10_000;

/** How many snapshots the host writes at one time. */
export class SnapshotAllowance {
  #left: number;

  constructor(max: number) {
    this.#left = max;
  }

  get isFree(): boolean {
    return this.#left > 0;
  }

  take(): boolean {
    if (this.#left === 0) return false;
    this.#left--;
    return true;
  }

  giveBack(): void {
    this.#left++;
  }
}

export interface SnapshotModules extends LogModules {
  readonly metrics: HostMetrics;
  readonly snapshots: SnapshotAllowance;
}

/** Writes the snapshots of one document beside its appends, one at a time. */
export class SnapshotWriter {
  readonly #modules: SnapshotModules;
  readonly #document: DocumentName;
  #isWriting = false;
  #notBefore = 0;

  constructor(modules: SnapshotModules, document: DocumentName) {
    this.#modules = modules;
    this.#document = document;
  }

  get isWriting(): boolean {
    return this.#isWriting;
  }

  /** Whether to take a snapshot in this turn. */
  isDue(copy: DocumentCopy): boolean {
    return (
      copy.tail.isLong &&
      copy.instance.exists &&
      !this.#isWriting &&
      this.#modules.snapshots.isFree &&
      this.#modules.clock.monotonicMs() >= this.#notBefore
    );
  }

  /** Stores the state of the durable point. Never rejects. */
  async write(copy: DocumentCopy, data: Uint8Array): Promise<void> {
    const { log, metrics, snapshots, clock } = this.#modules;
    if (!snapshots.take()) return;
    this.#isWriting = true;
    const seq = copy.durableSeq;
    const mark = copy.tail.mark();
    try {
      await log.snapshot(this.#document, { epoch: copy.epoch, seq, data });
      copy.tail.snapshotWritten(mark, data.length);
      copy.durable.snapshotWritten(seq, data);
      metrics.snapshots.add(1, { outcome: "written" });
    } catch {
      this.#notBefore = clock.monotonicMs() + RETRY_AFTER_MS;
      metrics.snapshots.add(1, { outcome: "failed" });
    } finally {
      this.#isWriting = false;
      snapshots.giveBack();
    }
  }
}
