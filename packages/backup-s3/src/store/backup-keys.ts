/**
 * Names of objects. Each is written once: part of the name is the checksum of the content, or an epoch that nobody else
 * has. README.md describes the whole tree.
 */

export type FileKind = "log" | "snapshots" | "checkpoints";

/** A range of a file, kept as one object. */
export interface BackupPart {
  /** Folder of the epoch that uploaded it. */
  readonly epoch: string;
  readonly from: number;
  readonly to: number;
  /** Hex. */
  readonly sha256: string;
}

export interface PartName extends BackupPart {
  readonly kind: FileKind;
  readonly id: number;
}

export interface ManifestName {
  readonly epoch: string;
  readonly number: number;
  /** Wall clock, ms, of the moment it describes. */
  readonly at: number;
  readonly sha256: string;
}

const FORMAT = "v1";

/** Names within a bucket. */
export class BackupKeys {
  readonly #clusterPrefix: string;

  /** @param prefix what all keys begin with; with its own slash at the end, if any. */
  constructor(prefix: string, cluster: string) {
    if (!/^[A-Za-z0-9_-]{1,64}$/.test(cluster)) {
      throw new RangeError("s3.cluster must be 1 to 64 letters, digits, dashes and underscores");
    }
    // Segments of dots alone would lead out of the bucket: a URL is normalised before it is sent.
    if (!/^((?!\.{1,2}\/)[A-Za-z0-9_.-]+\/)*$/.test(prefix) || prefix.length > 256) {
      throw new RangeError("s3.prefix must be empty or end with a slash, of letters, digits, dots, dashes and slashes");
    }
    this.#clusterPrefix = `${prefix}${FORMAT}/${cluster}/`;
  }

  /** Followed by the ids of stores. */
  get stores(): string {
    return this.#clusterPrefix;
  }

  store(storeId: string): StoreKeys {
    return new StoreKeys(`${this.#clusterPrefix}${storeId}/`);
  }
}

/** Names of what belongs to one store. */
export class StoreKeys {
  readonly prefix: string;

  constructor(prefix: string) {
    this.prefix = prefix;
  }

  /** Followed by the numbers of epochs. */
  get claims(): string {
    return `${this.prefix}epochs/`;
  }

  claim(number: number): string {
    return `${this.claims}${digits(number, 6)}.json`;
  }

  part(kind: FileKind, id: number, part: BackupPart): string {
    return `${this.#partStem(kind, id, part)}.part`;
  }

  /** What a part of the log is about, so that a lost one can be told from an empty one. */
  contents(id: number, part: BackupPart): string {
    return `${this.#partStem("log", id, part)}.contents`;
  }

  manifests(epoch: string): string {
    return `${this.prefix}${epoch}/manifests/`;
  }

  manifest({ epoch, number, at, sha256 }: ManifestName): string {
    return `${this.manifests(epoch)}${digits(number, 9)}-${digits(at, 14)}-${sha256}.json`;
  }

  #partStem(kind: FileKind, id: number, { epoch, from, to, sha256 }: BackupPart): string {
    return `${this.prefix}${epoch}/${kind}/${digits(id, 12)}/${from}-${to}-${sha256}`;
  }

  /** `undefined` for a key that is no part's. */
  partOf(key: string): PartName | undefined {
    const match = /^([^/]+)\/(log|snapshots|checkpoints)\/(\d{12})\/(\d+)-(\d+)-([0-9a-f]{64})\.part$/.exec(
      this.#inside(key),
    );
    if (match === null) return undefined;
    const [, epoch, kind, id, from, to, sha256] = match as unknown as readonly string[];
    return {
      epoch: epoch as string,
      kind: kind as FileKind,
      id: Number(id),
      from: Number(from),
      to: Number(to),
      sha256: sha256 as string,
    };
  }

  manifestOf(key: string): ManifestName | undefined {
    const match = /^([^/]+)\/manifests\/(\d{9})-(\d{14})-([0-9a-f]{64})\.json$/.exec(this.#inside(key));
    if (match === null) return undefined;
    const [, epoch, number, at, sha256] = match as unknown as readonly string[];
    return { epoch: epoch as string, number: Number(number), at: Number(at), sha256: sha256 as string };
  }

  /** The key of the part that a `.contents` key belongs to; other keys as they are. */
  partKeyOf(key: string): string {
    return key.replace(/\.contents$/, ".part");
  }

  #inside(key: string): string {
    return key.startsWith(this.prefix) ? key.slice(this.prefix.length) : "";
  }
}

/** Epochs are numbered, and carry a random part: two stores that took the same number still share no key. */
export function epochName(number: number, token: string): string {
  return `${digits(number, 6)}-${token}`;
}

/** Of an epoch. Names have six digits for it: one more, and nobody would find what it wrote. */
export const EPOCH_MAX = 999_999;

/** `undefined` if it is no epoch. */
export function epochNumber(name: string): number | undefined {
  return /^\d{6}-[0-9a-f]{8}$/.test(name) ? Number(name.slice(0, 6)) : undefined;
}

function digits(value: number, count: number): string {
  return String(value).padStart(count, "0");
}
