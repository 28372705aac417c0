import type { BackupOptions } from "./backup-options.ts";

export interface BackupLoad {
  readonly pendingBytes: number;
  /** Since everything was last in the backup. */
  readonly pendingMs: number;
  /** Of the disk, from 0 to 1. */
  readonly freeShare: number;
}

/** Uploads that have not caught up for so long do not just take their time. */
const FAILING_MS = 60_000;

/** When keeping files for the backup costs more than it is worth, and when it is affordable again. */
export class BackupPressure {
  readonly #options: Pick<BackupOptions, "pendingMaxBytes" | "pendingMaxMs" | "freeMinShare">;
  #reason: string | undefined;

  constructor(options: Pick<BackupOptions, "pendingMaxBytes" | "pendingMaxMs" | "freeMinShare">) {
    this.#options = options;
  }

  get isBehind(): boolean {
    return this.#reason !== undefined;
  }

  get reason(): string | undefined {
    return this.#reason;
  }

  assess(load: BackupLoad): "behind" | "recovered" | "unchanged" {
    const reason = this.#reasonOf(load);
    if (reason !== undefined && this.#reason === undefined) {
      this.#reason = reason;
      return "behind";
    }
    // Half of what made it fall behind, so that it does not go back and forth.
    const { pendingMaxBytes } = this.#options;
    if (this.#reason === undefined || reason !== undefined || load.pendingBytes > pendingMaxBytes / 2)
      return "unchanged";
    this.#reason = undefined;
    return "recovered";
  }

  #reasonOf({ pendingBytes, pendingMs, freeShare }: BackupLoad): string | undefined {
    const { pendingMaxBytes, pendingMaxMs, freeMinShare } = this.#options;
    // While uploads go through there is next to nothing to let go of, however full the disk is.
    if (freeShare < freeMinShare && pendingMs > FAILING_MS) return "disk_room";
    if (pendingBytes > pendingMaxBytes) return "pending_bytes";
    return pendingMs > pendingMaxMs ? "pending_age" : undefined;
  }
}
