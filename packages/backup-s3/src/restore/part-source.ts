import { createHash } from "node:crypto";
import { type LogContents, standIn } from "@tidewire/log-engine-local";
import type { BackupPart } from "../store/backup-keys.ts";
import type { BackupFile, BackupManifest } from "../store/manifest.ts";
import { type BackupReader, RestoreError } from "./backup-reader.ts";

/** A part that is not there any more, or not what it was. */
export interface LostPart {
  readonly file: Pick<BackupFile, "kind" | "id">;
  readonly part: BackupPart;
  readonly reason: "missing" | "damaged";
}

/**
 * The bytes of a manifest's files. In the place of a lost part stands something of the same length that a start of the
 * store takes for damage: of the log a stand-in that names the documents, of snapshots zeros.
 */
export class PartSource {
  readonly #reader: BackupReader;
  readonly #manifest: BackupManifest;
  readonly #endOfLog: number;
  readonly lost: LostPart[] = [];

  constructor(reader: BackupReader, manifest: BackupManifest) {
    this.#reader = reader;
    this.#manifest = manifest;
    this.#endOfLog = Math.max(0, ...manifest.files.filter(isLiveLog).map(({ id }) => id));
  }

  /** Whether the log ends in this file: what stands in for its last part is longer than that was. */
  isEndOfLog(file: BackupFile): boolean {
    return isLiveLog(file) && file.id === this.#endOfLog;
  }

  /** Throws `RestoreError` for what nothing can stand in for. The last part of the log may be longer than it was. */
  async read(file: BackupFile, part: BackupPart): Promise<Buffer> {
    const { s3, keys } = this.#reader;
    const bytes = await s3.get(keys.part(file.kind, file.id, part));
    if (bytes !== undefined && isPart(bytes, part)) return bytes;
    const lost: LostPart = { file, part, reason: bytes === undefined ? "missing" : "damaged" };
    this.lost.push(lost);
    if (file.kind === "snapshots") return Buffer.alloc(part.to - part.from);
    if (file.kind === "log") return this.#standIn(file, part, lost);
    throw new RestoreError(
      `${keys.part(file.kind, file.id, part)} is ${lost.reason}, and without the checkpoint nothing can be restored from ` +
        `manifest ${this.#manifest.number}: choose an earlier one with --at`,
    );
  }

  async #standIn(file: BackupFile, part: BackupPart, { reason }: LostPart): Promise<Buffer> {
    const { s3, keys } = this.#reader;
    const contents = await s3.get(keys.contents(file.id, part));
    if (contents === undefined) {
      throw new RestoreError(
        `${keys.part(file.kind, file.id, part)} is ${reason}, and so is what says whose records were in it: ` +
          `choose an earlier manifest with --at`,
      );
    }
    const place = {
      storeId: this.#manifest.storeId,
      segmentId: file.id,
      offset: part.from,
      end: part.to,
      isEndOfLog: this.isEndOfLog(file) && part === file.parts.at(-1),
    };
    try {
      return standIn(JSON.parse(contents.toString("utf8")) as LogContents, place);
    } catch (cause) {
      throw new RestoreError(
        `${keys.part(file.kind, file.id, part)} is ${reason}, and what says whose records were in it is damaged: ` +
          `choose an earlier manifest with --at`,
        { cause },
      );
    }
  }
}

function isPart(bytes: Buffer, { from, to, sha256 }: BackupPart): boolean {
  return bytes.length === to - from && createHash("sha256").update(bytes).digest("hex") === sha256;
}

function isLiveLog({ kind, retiredAt }: BackupFile): boolean {
  return kind === "log" && retiredAt === undefined;
}
