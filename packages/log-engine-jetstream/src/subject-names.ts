import type { Clock, DocumentName } from "@tidewire/foundation";
import { compareNames } from "@tidewire/log-engine";
import { inParallel } from "./in-parallel.ts";
import type { Layout } from "./layout.ts";
import type { NatsLink } from "./nats-link.ts";

export interface SubjectNamesModules {
  readonly link: NatsLink;
  readonly layout: Layout;
  readonly clock: Clock;
}

export interface SubjectNamesOptions {
  /** Names of one window. */
  readonly listingNamesMax: number;
  /** How long a window serves further pages, at least. */
  readonly listingCacheMs: number;
  readonly readTimeoutMs: number;
}

/** The first names behind one, in order. */
export interface Window {
  readonly names: readonly DocumentName[];
  /** There are no more. */
  readonly isWhole: boolean;
}

interface KeptWindow extends Window {
  readonly after: DocumentName | undefined;
  /** Monotonic ms. */
  readonly until: number;
}

/** Partitions whose subjects are asked for at one time: the answer of each holds up to 100,000. */
const PARTITIONS_AT_A_TIME = 4;
/** Windows kept for the next page. */
const WINDOWS_MAX = 4;
/** Of a time in which pages are asked for, at most one part in so many is spent on asking the streams for names. */
const KEPT_PER_COST = 10;

/**
 * The names of all documents, as the streams know their subjects. A stream gives them in its own order, so every question
 * goes through all of them; what is kept of the answer are the first names behind the one that was asked for, and they
 * serve the pages that follow.
 */
export class SubjectNames {
  readonly #modules: SubjectNamesModules;
  readonly #options: SubjectNamesOptions;
  /** By space, or nothing for all. */
  readonly #kept = new Map<string, KeptWindow>();

  constructor(modules: SubjectNamesModules, options: SubjectNamesOptions) {
    this.#modules = modules;
    this.#options = options;
  }

  /** The names that begin behind `after`, or before it. Without it the streams are asked anew. */
  async window(space: string | undefined, after: DocumentName | undefined): Promise<Window> {
    const { clock } = this.#modules;
    const cacheKey = space ?? "";
    const kept = this.#kept.get(cacheKey);
    const startedAt = clock.monotonicMs();
    if (kept !== undefined && after !== undefined && startedAt < kept.until && reaches(kept, after)) return kept;
    this.#kept.delete(cacheKey);
    const window = await this.#ask(space, after);
    const tookMs = clock.monotonicMs() - startedAt;
    const keptMs = Math.max(this.#options.listingCacheMs, tookMs * KEPT_PER_COST);
    const next = { ...window, after, until: clock.monotonicMs() + keptMs };
    this.#kept.set(cacheKey, next);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > WINDOWS_MAX && oldest !== undefined) this.#kept.delete(oldest);
    clock.after(keptMs, () => {
      if (this.#kept.get(cacheKey) === next) this.#kept.delete(cacheKey);
    });
    return next;
  }

  async #ask(space: string | undefined, after: DocumentName | undefined): Promise<Window> {
    const { layout } = this.#modules;
    const found = new FirstNames(this.#options.listingNamesMax);
    const partitions = Array.from({ length: layout.partitions }, (_, partition) => partition);
    await inParallel(partitions, PARTITIONS_AT_A_TIME, async (partition) => {
      for await (const subjects of this.#subjects(partition, space)) {
        for (const subject of subjects) {
          const name = layout.documentOf(subject);
          if (after === undefined || compareNames(name, after) > 0) found.add(name);
        }
      }
    });
    return found.window();
  }

  async *#subjects(partition: number, space: string | undefined): AsyncGenerator<string[]> {
    const { link, layout } = this.#modules;
    const filter = layout.documentFilter(partition, space);
    for (let offset = 0; ; ) {
      const { subjects, total } = await link.subjects(layout.documentStream(partition), filter, offset);
      yield subjects;
      offset += subjects.length;
      if (subjects.length === 0 || offset >= total) return;
    }
  }
}

function reaches({ names, isWhole, after }: KeptWindow, wanted: DocumentName): boolean {
  if (after !== undefined && compareNames(wanted, after) < 0) return false;
  const last = names.at(-1);
  return isWhole || (last !== undefined && compareNames(wanted, last) < 0);
}

/** The first of many names, with at most twice as many in memory. */
class FirstNames {
  readonly #max: number;
  #names: DocumentName[] = [];
  #isWhole = true;

  constructor(max: number) {
    this.#max = max;
  }

  add(name: DocumentName): void {
    this.#names.push(name);
    if (this.#names.length >= this.#max * 2) this.#cut();
  }

  window(): Window {
    this.#cut();
    return { names: this.#names, isWhole: this.#isWhole };
  }

  #cut(): void {
    // A subject that is new while its stream is gone through may push another one onto the next page as well.
    const sorted = this.#names.sort(compareNames);
    this.#names = sorted.filter((name, index) => index === 0 || compareNames(name, sorted[index - 1]!) !== 0);
    if (this.#names.length <= this.#max) return;
    this.#names.length = this.#max;
    this.#isWhole = false;
  }
}
