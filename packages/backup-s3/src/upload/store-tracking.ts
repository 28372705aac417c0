import { stat } from "node:fs/promises";
import type { StoreImage } from "@tidewire/log-engine-local";
import type { BackupFile } from "../store/manifest.ts";
import { fileKey } from "./adopt.ts";
import type { TrackedFile } from "./file-uploader.ts";

/** What the backup knows of each file: those of the newest image, and those that have left the store not long ago. */
export class StoreTracking {
  readonly files = new Map<string, TrackedFile>();

  /** Follows the store to a newer image. Files it does not name any more are retired. */
  async follow(image: StoreImage, now: number): Promise<void> {
    const present = new Set<string>();
    for (const { kind, id, path, sizeBytes, isSealed } of image.files) {
      const file = this.#track(kind, id, path);
      file.sizeBytes = sizeBytes;
      file.isSealed = isSealed;
      present.add(fileKey(file));
    }
    if (image.checkpoint !== undefined) {
      const { id, path } = image.checkpoint;
      const file = this.#track("checkpoints", id, path);
      file.sizeBytes = (await stat(path)).size;
      file.isSealed = true;
      present.add(fileKey(file));
    }
    for (const [key, file] of this.files) {
      if (present.has(key) || file.retiredAt !== undefined) continue;
      // An older checkpoint serves nobody, and of what was never uploaded nothing can be kept.
      if (file.kind === "checkpoints" || file.parts.length === 0) this.files.delete(key);
      else {
        file.retiredAt = now;
        file.sizeBytes = file.parts.at(-1)?.to ?? 0;
      }
    }
  }

  /** Files that an earlier process of this store had uploaded and that are gone now. */
  inherit(files: readonly BackupFile[], now: number): void {
    for (const file of files) {
      if (this.files.has(fileKey(file)) || file.kind === "checkpoints") continue;
      const { kind, id, sizeBytes, isSealed, parts, retiredAt } = file;
      const tracked = { kind, id, path: "", sizeBytes, isSealed, retiredAt: retiredAt ?? now, parts: [...parts] };
      this.files.set(fileKey(file), tracked);
    }
  }

  /** Retired files that a manifest kept for long has named need not be named again. */
  forget(keys: Iterable<string>): void {
    for (const key of keys) if (this.files.get(key)?.retiredAt !== undefined) this.files.delete(key);
  }

  get retired(): string[] {
    return [...this.files].filter(([, file]) => file.retiredAt !== undefined).map(([key]) => key);
  }

  /** Files whose bytes are not all in the backup, oldest first. */
  get incomplete(): TrackedFile[] {
    return [...this.files.values()].filter((file) => missingBytes(file) > 0).sort((a, b) => a.id - b.id);
  }

  get pendingBytes(): number {
    return this.incomplete.reduce((bytes, file) => bytes + missingBytes(file), 0);
  }

  /** Ids of segments that nothing is missing of and nothing will come to. */
  get settled(): number[] {
    const settled = [...this.files.values()].filter(
      (file) => file.isSealed && file.kind !== "checkpoints" && missingBytes(file) === 0,
    );
    return settled.map(({ id }) => id);
  }

  /** Differs when what `describe` says differs: sizes only grow, and ids are not given twice. Cheap, for every round. */
  get fingerprint(): string {
    let [bytes, parts, ids, sealed, retired] = [0, 0, 0, 0, 0];
    for (const file of this.files.values()) {
      bytes += file.sizeBytes;
      parts += file.parts.length;
      ids += file.id;
      if (file.isSealed) sealed++;
      if (file.retiredAt !== undefined) retired++;
    }
    return [this.files.size, bytes, parts, ids, sealed, retired].join();
  }

  describe(): BackupFile[] {
    return [...this.files.values()].map(({ kind, id, sizeBytes, isSealed, retiredAt, parts }) => ({
      kind,
      id,
      sizeBytes,
      isSealed,
      ...(retiredAt === undefined ? {} : { retiredAt }),
      parts,
    }));
  }

  #track(kind: TrackedFile["kind"], id: number, path: string): TrackedFile {
    const key = fileKey({ kind, id });
    const known = this.files.get(key);
    // An id may come back once nothing refers to it; the file is another one then.
    if (known !== undefined && known.retiredAt === undefined) return known;
    const file: TrackedFile = { kind, id, path, sizeBytes: 0, isSealed: false, retiredAt: undefined, parts: [] };
    this.files.set(key, file);
    return file;
  }
}

function missingBytes({ sizeBytes, parts, retiredAt }: TrackedFile): number {
  return retiredAt === undefined ? sizeBytes - (parts.at(-1)?.to ?? 0) : 0;
}
