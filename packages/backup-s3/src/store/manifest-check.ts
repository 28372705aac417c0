import { defaultS3Options } from "../s3/s3-settings.ts";
import { epochNumber } from "./backup-keys.ts";

/** A manifest that cannot be believed. */
export class ManifestError extends Error {
  override readonly name = "ManifestError";
}

type PartRow = readonly [epoch: string, from: number, to: number, sha256: string];

/** A manifest as JSON has it, once it was checked. */
interface ManifestRows extends Readonly<Record<string, unknown>> {
  readonly files: readonly {
    readonly kind: "log" | "snapshots" | "checkpoints";
    readonly id: number;
    readonly sizeBytes: number;
    readonly isSealed: boolean;
    readonly parts: readonly PartRow[];
  }[];
}

const kinds: readonly unknown[] = ["log", "snapshots", "checkpoints"];
/** File names have twelve digits for it. */
const ID_END = 1e12;
/** Of `Date`. */
const TIME_MAX = 8.64e15;
/** A part is one object, and read with one request. */
const PART_MAX_BYTES = defaultS3Options.answerMaxBytes;

/** What the log, or a restore, has under these names is not for others to write. */
const reserved = new Set(["STORE", "STORE.restored", "RESTORE", "LOCK", "log", "snapshots", "checkpoints", "repairs"]);

const [BRACKET, BRACE, COMMA] = Buffer.from("[{,");
/** A file without parts takes 64 bytes for two of them and six commas; a part takes 90 for one and four. */
const BYTES_PER_BRACKET = 24;
const BYTES_PER_COMMA = 8;
/** For what stands in the texts of side files. */
const FREE_MARKS = 128 * 1024;

/**
 * Throws `ManifestError` for more values than a manifest of that length has: 64 MiB of empty arrays would take gigabytes and
 * half a minute of the thread that serves appends.
 */
export function requireSparse(bytes: Buffer): void {
  let [brackets, commas] = [0, 0];
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === COMMA) commas++;
    else if (byte === BRACKET || byte === BRACE) brackets++;
  }
  const isSparse =
    brackets <= bytes.length / BYTES_PER_BRACKET + FREE_MARKS && commas <= bytes.length / BYTES_PER_COMMA + FREE_MARKS;
  require(isSparse, `${brackets} lists and objects and ${commas} commas in ${bytes.length} bytes`);
}

/** Whether a file of this name may be put beside the log. */
export function isSideFileName(name: string): boolean {
  return /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}$/.test(name) && !reserved.has(name);
}

/**
 * Throws `ManifestError` unless every field is what it should be. Whoever may write to the bucket may write manifests, and
 * a restore makes paths, keys and buffers of what stands there.
 */
export function requireManifest(value: Readonly<Record<string, unknown>>): asserts value is ManifestRows {
  for (const name of ["cluster", "storeId", "node", "store"]) require(typeof value[name] === "string", name);
  require(isEpoch(value["epoch"]), "epoch");
  require(value["previous"] === undefined || isEpoch(value["previous"]), "previous");
  require(isWhole(value["number"]), "number");
  require(isWhole(value["at"]) && value["at"] <= TIME_MAX, "at");
  const sideFiles = value["sideFiles"];
  require(isObject(sideFiles), "sideFiles");
  for (const [name, text] of Object.entries(sideFiles)) {
    require(isSideFileName(name) && typeof text === "string", `side file "${name}"`);
  }
  const files = value["files"];
  require(Array.isArray(files), "files");
  const seen = new Set<string>();
  for (const file of files as unknown[]) {
    require(isObject(file) && kinds.includes(file["kind"]), "kind of a file");
    const what = `${String(file["kind"])} ${String(file["id"])}`;
    require(isWhole(file["id"]) && file["id"] < ID_END && !seen.has(what), `id of ${what}`);
    seen.add(what);
    require(isWhole(file["sizeBytes"]) && typeof file["isSealed"] === "boolean", `size of ${what}`);
    require(file["retiredAt"] === undefined || isWhole(file["retiredAt"]), `time of ${what}`);
    const parts = file["parts"];
    require(Array.isArray(parts) && parts.every(isPart), `parts of ${what}`);
  }
}

function require(holds: boolean, what: string): asserts holds {
  if (!holds) throw new ManifestError(`the manifest is not what this version writes: ${what}`);
}

function isPart(row: unknown): row is PartRow {
  if (!Array.isArray(row)) return false;
  const [epoch, from, to, sha256] = row as unknown[];
  if (!isEpoch(epoch) || !isWhole(from) || !isWhole(to) || to - from > PART_MAX_BYTES) return false;
  return typeof sha256 === "string" && /^[0-9a-f]{64}$/.test(sha256);
}

function isEpoch(value: unknown): value is string {
  return typeof value === "string" && epochNumber(value) !== undefined;
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
