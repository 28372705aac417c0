import { canonicalJson, hashBytes, type JsonValue } from "@tidewire/delta";
import type { Principal } from "@tidewire/foundation";
import type { MarkerRow } from "../log/log-record.ts";
import { LimitError } from "../state/limit-error.ts";
import { principalKey } from "../state/principals.ts";
import type { DocumentLimits } from "./limits.ts";

/** What a marked command did, the first time. */
export interface MarkedOutcome {
  readonly seq: number;
  readonly durableSeq: number;
  /** JSON text. */
  readonly value: string | undefined;
}

interface Entry extends MarkedOutcome {
  /** Wall clock, ms. */
  readonly at: number;
  /** Of the message and its argument. */
  readonly digest: string;
}

const encoder = new TextEncoder();

/** Outcomes by principal and marker: the same one again gives the same answer instead of a second effect. */
export class MarkerLedger {
  readonly #limits: DocumentLimits;
  /** Oldest first. */
  readonly #entries = new Map<string, Entry>();
  #unlogged: string[] = [];
  #bytes = 0;

  constructor(limits: DocumentLimits) {
    this.#limits = limits;
  }

  find(key: string): Entry | undefined {
    return this.#entries.get(key);
  }

  /** Throws `LimitError` if there is no room and nothing is old enough to make some. Call before the commit. */
  reserve(value: string | undefined, now: number): void {
    this.#prune(now);
    const { markersMaxBytes } = this.#limits;
    if (this.#bytes + (value?.length ?? 0) > markersMaxBytes) throw new LimitError("markersMaxBytes", markersMaxBytes);
  }

  remember(key: string, digest: string, outcome: MarkedOutcome, now: number): void {
    this.#put(key, { ...outcome, at: now, digest });
    this.#unlogged.push(key);
  }

  get rows(): MarkerRow[] {
    return Array.from(this.#entries, ([key, entry]) => row(key, entry));
  }

  /** What the log does not know yet. */
  takeChanges(): MarkerRow[] | undefined {
    if (this.#unlogged.length === 0) return undefined;
    const rows = this.#unlogged.flatMap((key) => {
      const entry = this.#entries.get(key);
      return entry === undefined ? [] : [row(key, entry)];
    });
    this.#unlogged = [];
    return rows;
  }

  /** Those of the document of this name that was deleted: what was done once is done, whatever became of it. */
  inherit(buried: MarkerLedger): void {
    for (const [key, entry] of buried.#entries) this.#put(key, entry);
    this.markUnlogged();
  }

  /** Forgets what is too old, if there are that many at all. */
  forgetOld(now: number): void {
    for (const [key, { at }] of this.#entries) {
      if (now - at <= this.#limits.markerMs) return;
      this.#drop(key);
    }
  }

  /** The log has none of them in a form that counts. */
  markUnlogged(): void {
    this.#unlogged = [...this.#entries.keys()];
  }

  restore(rows: readonly MarkerRow[]): void {
    for (const [key, seq, durableSeq, at, digest, value] of rows)
      this.#put(key, { seq, durableSeq, at, digest, value });
    const excess = this.#entries.size - this.#limits.markersMax;
    if (excess > 0) this.#dropOldest(excess);
  }

  #put(key: string, entry: Entry): void {
    this.#entries.set(key, entry);
    this.#bytes += entry.value?.length ?? 0;
  }

  /** Leaves room for one. */
  #prune(now: number): void {
    const { markersMax, markerMs } = this.#limits;
    for (const [key, { at }] of this.#entries) {
      if (this.#entries.size < markersMax && now - at <= markerMs) return;
      this.#drop(key);
    }
  }

  #dropOldest(count: number): void {
    for (const key of [...this.#entries.keys()].slice(0, count)) this.#drop(key);
  }

  #drop(key: string): void {
    this.#bytes -= this.#entries.get(key)?.value?.length ?? 0;
    this.#entries.delete(key);
  }
}

/** One space of markers per principal. */
export function markerKey(principal: Principal, marker: string): string {
  return `${marker.length}:${marker}${principalKey(principal)}`;
}

/** Equal for the same message with the same argument, however its JSON was written. */
export function commandDigest(kind: "create" | "message", message: string, arg: unknown): string {
  const command = arg === undefined ? [kind, message] : [kind, message, arg as JsonValue];
  return hashBytes(encoder.encode(canonicalJson(command)));
}

function row(key: string, { seq, durableSeq, at, digest, value }: Entry): MarkerRow {
  return value === undefined ? [key, seq, durableSeq, at, digest] : [key, seq, durableSeq, at, digest, value];
}
