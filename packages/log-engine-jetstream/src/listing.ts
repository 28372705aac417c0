import type { DocumentName } from "@tidewire/foundation";
import type { KnownDocument, ListedDocument, LogHead } from "@tidewire/log-engine";
import type { DocumentState } from "./document-fold.ts";
import { firstAfter } from "./first-after.ts";
import { inParallel } from "./in-parallel.ts";
import type { DocumentPlaces, Layout } from "./layout.ts";
import type { Loader } from "./loader.ts";
import type { SubjectNames, Window } from "./subject-names.ts";

export interface ListingModules {
  readonly layout: Layout;
  readonly loader: Loader;
  readonly names: SubjectNames;
}

export interface ListingOptions {
  /** Reads of one call under way at one time. */
  readonly readsMax: number;
  /** Servers that keep each stream. */
  readonly replicas: number;
}

/** Behind every key there can be. */
const PAST_KEYS = "~";
/** Fewer heads are asked for one by one, of all streams or, where its leader is asked first how far it is, of one. */
const TOGETHER_MIN = 8;
const TOGETHER_OF_STREAM_MIN = 4;
/** The answer of each may hold 128 messages. */
const STREAMS_AT_A_TIME = 4;

/**
 * Which documents there are: the streams know their subjects, and the newest message of each knows whether the document
 * exists.
 */
export class Listing {
  readonly #modules: ListingModules;
  readonly #readsMax: number;
  readonly #replicas: number;

  constructor(modules: ListingModules, { readsMax, replicas }: ListingOptions) {
    this.#modules = modules;
    this.#readsMax = readsMax;
    this.#replicas = replicas;
  }

  async heads(documents: readonly DocumentName[]): Promise<LogHead[]> {
    const { layout, loader } = this.#modules;
    const places = documents.map((document) => layout.places(document));
    const known = await this.#headsByStream(places);
    return inParallel(places, this.#readsMax, async (place) =>
      headOf(known.get(place.documentSubject) ?? (await loader.head(place))),
    );
  }

  /** Many at once, as the leaders know them: a request for each document costs this process 0.1 ms and more. */
  async #headsByStream(places: readonly DocumentPlaces[]): Promise<ReadonlyMap<string, DocumentState>> {
    if (places.length < TOGETHER_MIN) return new Map();
    const isReplicated = this.#replicas > 1;
    const subjects = new Map<string, string[]>();
    for (const { documentStream, documentSubject } of places) {
      const ofStream = subjects.get(documentStream);
      if (ofStream === undefined) subjects.set(documentStream, [documentSubject]);
      else ofStream.push(documentSubject);
    }
    const worthIt = [...subjects].filter(([, wanted]) => !isReplicated || wanted.length >= TOGETHER_OF_STREAM_MIN);
    const heads = await inParallel(worthIt, STREAMS_AT_A_TIME, ([stream, wanted]) =>
      this.#modules.loader.headsOf(stream, wanted, isReplicated),
    );
    return new Map(heads.flatMap((some) => [...some]));
  }

  async list(space: string, afterKey: string | undefined, limit: number): Promise<ListedDocument[]> {
    const listed: ListedDocument[] = [];
    const after = afterKey === undefined ? undefined : { space, key: afterKey };
    for await (const names of this.#windows(space, after)) {
      for (let index = 0; index < names.length && listed.length < limit; ) {
        const wave = names.slice(index, index + Math.max(limit - listed.length, this.#readsMax));
        index += wave.length;
        const heads = await this.heads(wave);
        heads.forEach(({ seq, isDeleted }, at) => {
          if (seq > 0 && !isDeleted) listed.push({ key: (wave[at] as DocumentName).key, seq });
        });
      }
      if (listed.length >= limit) break;
    }
    return listed.slice(0, limit);
  }

  async spaces(afterSpace: string | undefined, limit: number): Promise<string[]> {
    const existing: string[] = [];
    let after = afterSpace === undefined ? undefined : { space: afterSpace, key: PAST_KEYS };
    while (existing.length < limit) {
      const { names, isWhole } = await this.#modules.names.window(undefined, after);
      const following = names.slice(after === undefined ? 0 : firstAfter(names, after));
      for (const space of new Set(following.map((name) => name.space))) {
        if (existing.length === limit) break;
        if ((await this.list(space, undefined, 1)).length > 0) existing.push(space);
      }
      const last = following.at(-1);
      if (isWhole || last === undefined) break;
      after = { space: last.space, key: PAST_KEYS };
    }
    return existing;
  }

  async documents(after: DocumentName | undefined, limit: number): Promise<KnownDocument[]> {
    const page: DocumentName[] = [];
    for await (const names of this.#windows(undefined, after)) {
      page.push(...names.slice(0, limit - page.length));
      if (page.length === limit) break;
    }
    const heads = await this.heads(page);
    return page.map((document, index) => ({ document, ...(heads[index] as LogHead) }));
  }

  /** All names behind one, in order, some at a time. */
  async *#windows(space: string | undefined, start: DocumentName | undefined): AsyncGenerator<readonly DocumentName[]> {
    for (let after = start; ; ) {
      const { names, isWhole }: Window = await this.#modules.names.window(space, after);
      const following = after === undefined ? names : names.slice(firstAfter(names, after));
      if (following.length > 0) yield following;
      if (isWhole || following.length === 0) return;
      after = following.at(-1) as DocumentName;
    }
  }
}

export function headOf(state: DocumentState | undefined): LogHead {
  if (state === undefined) return { epoch: 0, seq: 0, isDeleted: false };
  const { epoch, seq, isDeleted, wakeAt } = state;
  return { epoch, seq, isDeleted, ...(wakeAt === undefined ? {} : { wakeAt }) };
}
