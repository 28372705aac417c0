import type { Clock, DocumentName } from "@tidewire/foundation";
import type { KnownDocument, ListedDocument, LogHead } from "@tidewire/log-engine";
import type { DocumentState } from "./document-fold.ts";
import { inParallel } from "./in-parallel.ts";
import type { Layout } from "./layout.ts";
import type { Loader } from "./loader.ts";
import type { NatsLink } from "./nats-link.ts";

export interface ListingModules {
  readonly link: NatsLink;
  readonly layout: Layout;
  readonly loader: Loader;
  readonly clock: Clock;
}

interface Enumeration {
  readonly names: readonly DocumentName[];
  /** Monotonic ms. */
  readonly at: number;
}

/** Partitions whose subjects are asked for at one time: the answer of each may be large. */
const PARTITIONS_AT_A_TIME = 4;
/** Enumerations kept for the next page. */
const ENUMERATIONS_MAX = 4;

/**
 * Which documents there are: the streams know their subjects, and the newest message of each knows whether the document
 * exists. A first page asks the streams; further pages go on with the same subjects for a while.
 */
export class Listing {
  readonly #modules: ListingModules;
  readonly #readsMax: number;
  readonly #cacheMs: number;
  readonly #enumerations = new Map<string, Enumeration>();

  constructor(modules: ListingModules, readsMax: number, cacheMs: number) {
    this.#modules = modules;
    this.#readsMax = readsMax;
    this.#cacheMs = cacheMs;
  }

  async heads(documents: readonly DocumentName[]): Promise<LogHead[]> {
    const { layout, loader } = this.#modules;
    return inParallel(documents, this.#readsMax, async (document) =>
      headOf(await loader.head(layout.places(document))),
    );
  }

  async list(space: string, afterKey: string | undefined, limit: number): Promise<ListedDocument[]> {
    const names = await this.#names(space, afterKey !== undefined);
    const start = afterKey === undefined ? 0 : firstAfter(names, { space, key: afterKey });
    const listed: ListedDocument[] = [];
    for (let index = start; index < names.length && listed.length < limit; ) {
      const wave = names.slice(index, index + Math.max(limit - listed.length, this.#readsMax));
      index += wave.length;
      const heads = await this.heads(wave);
      heads.forEach(({ seq, isDeleted }, at) => {
        if (seq > 0 && !isDeleted) listed.push({ key: (wave[at] as DocumentName).key, seq });
      });
    }
    return listed.slice(0, limit);
  }

  async spaces(afterSpace: string | undefined, limit: number): Promise<string[]> {
    const names = await this.#names(undefined, afterSpace !== undefined);
    const spaces = [...new Set(names.map(({ space }) => space))];
    const existing: string[] = [];
    for (const space of spaces) {
      if (existing.length === limit) break;
      if (afterSpace !== undefined && space <= afterSpace) continue;
      if ((await this.list(space, undefined, 1)).length > 0) existing.push(space);
    }
    return existing;
  }

  async documents(after: DocumentName | undefined, limit: number): Promise<KnownDocument[]> {
    const names = await this.#names(undefined, after !== undefined);
    const start = after === undefined ? 0 : firstAfter(names, after);
    const page = names.slice(start, start + limit);
    const heads = await this.heads(page);
    return page.map((document, index) => ({ document, ...(heads[index] as LogHead) }));
  }

  async #names(space: string | undefined, isFurtherPage: boolean): Promise<readonly DocumentName[]> {
    const { clock } = this.#modules;
    const cacheKey = space ?? "";
    const kept = this.#enumerations.get(cacheKey);
    if (isFurtherPage && kept !== undefined && clock.monotonicMs() - kept.at < this.#cacheMs) return kept.names;
    this.#enumerations.delete(cacheKey);
    const names = await this.#enumerate(space);
    this.#enumerations.set(cacheKey, { names, at: clock.monotonicMs() });
    const [oldest] = this.#enumerations.keys();
    if (this.#enumerations.size > ENUMERATIONS_MAX && oldest !== undefined) this.#enumerations.delete(oldest);
    clock.after(this.#cacheMs, () => {
      if (this.#enumerations.get(cacheKey)?.names === names) this.#enumerations.delete(cacheKey);
    });
    return names;
  }

  async #enumerate(space: string | undefined): Promise<DocumentName[]> {
    const { link, layout } = this.#modules;
    link.requireConnection();
    const partitions = Array.from({ length: layout.partitions }, (_, partition) => partition);
    const subjects = await inParallel(partitions, PARTITIONS_AT_A_TIME, async (partition) => {
      const filter = layout.documentFilter(partition, space);
      const info = link.jsm.streams.info(layout.documentStream(partition), { subjects_filter: filter });
      return Object.keys((await link.guard(info)).state.subjects ?? {});
    });
    return subjects
      .flat()
      .map((subject) => layout.documentOf(subject))
      .sort(compareNames);
  }
}

export function headOf(state: DocumentState | undefined): LogHead {
  if (state === undefined) return { epoch: 0, seq: 0, isDeleted: false };
  const { epoch, seq, isDeleted, wakeAt } = state;
  return { epoch, seq, isDeleted, ...(wakeAt === undefined ? {} : { wakeAt }) };
}

/** Spaces and keys are ASCII, so the order of code units is the order of bytes. */
export function compareNames(a: DocumentName, b: DocumentName): number {
  if (a.space !== b.space) return a.space < b.space ? -1 : 1;
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
}

function firstAfter(names: readonly DocumentName[], after: DocumentName): number {
  let low = 0;
  let high = names.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareNames(names[middle] as DocumentName, after) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
