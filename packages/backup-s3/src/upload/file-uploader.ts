import { logContents } from "@tidewire/log-engine-local";
import type { S3Client } from "../s3/s3-client.ts";
import type { BackupPart, FileKind, StoreKeys } from "../store/backup-keys.ts";
import type { ByteRate } from "./byte-rate.ts";
import { checksumOf } from "./checksum.ts";
import type { BackupMetrics } from "./metrics.ts";
import { nextPart } from "./part-plan.ts";
import { readRange } from "./read-range.ts";

/** A file of the store with what is known to be in the backup of it. */
export interface TrackedFile {
  readonly kind: FileKind;
  readonly id: number;
  readonly path: string;
  sizeBytes: number;
  isSealed: boolean;
  retiredAt: number | undefined;
  parts: BackupPart[];
}

export interface FileUploaderModules {
  readonly s3: S3Client;
  readonly keys: StoreKeys;
  readonly storeId: string;
  readonly epoch: string;
  readonly rate: ByteRate;
  readonly metrics: BackupMetrics;
}

export interface FileUploaderOptions {
  readonly partMaxBytes: number;
  readonly joinMaxBytes: number;
}

/** Brings the parts of a file up to its size. What was stored is remembered even when a later part fails. */
export class FileUploader {
  readonly #modules: FileUploaderModules;
  readonly #options: FileUploaderOptions;

  constructor(modules: FileUploaderModules, options: FileUploaderOptions) {
    this.#modules = modules;
    this.#options = options;
  }

  /** Resolves when everything up to the file's size is stored. */
  async upload(file: TrackedFile): Promise<void> {
    const { sizeBytes } = file;
    for (;;) {
      const next = nextPart(file.parts, sizeBytes, this.#options);
      if (next === undefined) return;
      const part = await this.#uploadPart(file, next.from, next.to, next.to === sizeBytes);
      file.parts = [...file.parts.slice(0, next.keeps), part];
    }
  }

  async #uploadPart(file: TrackedFile, from: number, to: number, isLast: boolean): Promise<BackupPart> {
    const { s3, keys, epoch, rate, metrics } = this.#modules;
    let bytes = await readRange(file.path, from, to, rate);
    const contents = file.kind === "log" ? this.#contents(file, from, bytes) : undefined;
    // Parts of the log end between two records, so that each can say whose records are in it.
    if (contents !== undefined && !isLast && contents.end > from) bytes = bytes.subarray(0, contents.end - from);
    const sha256 = await checksumOf(bytes);
    const part: BackupPart = { epoch, from, to: from + bytes.length, sha256 };
    if (contents !== undefined)
      await s3.put(keys.contents(file.id, part), Buffer.from(JSON.stringify(contents.contents)));
    await s3.put(keys.part(file.kind, file.id, part), bytes, { sha256 });
    metrics.uploadedBytes.add(bytes.length, { kind: file.kind });
    metrics.uploadedParts.add(1, { kind: file.kind });
    return part;
  }

  #contents(file: TrackedFile, from: number, bytes: Buffer): ReturnType<typeof logContents> {
    return logContents(bytes, { storeId: this.#modules.storeId, segmentId: file.id, offset: from });
  }
}
