import type { DocumentName } from "@tidewire/foundation";
import { compareNames, compareText } from "./document-order.ts";
import type { FenceListener } from "./fence-watchers.ts";
import type {
  DueDocument,
  KnownDocument,
  ListedDocument,
  LogAppend,
  LogEngine,
  LogHead,
  LogInstall,
  LogMoment,
  LogRead,
  LogReadAt,
  LogSnapshotWrite,
  OpenedLog,
} from "./log-engine.ts";
import { checkShard, shardOf } from "./log-shard.ts";

/**
 * Several logs as one: each document is in the log its name chooses. A log that is away takes only its documents with it;
 * what asks all of them fails while one is away, except `due`, because the timers of the others must go on.
 */
export class ShardedLogEngine implements LogEngine {
  readonly #shards: readonly LogEngine[];

  /** @param shards by index. Closed by `close`. */
  constructor(shards: readonly LogEngine[]) {
    checkShard({ index: 0, count: shards.length });
    this.#shards = shards;
  }

  open(document: DocumentName, owner: string, options?: { readonly ifExists?: boolean }): Promise<OpenedLog> {
    return this.#shardOf(document).open(document, owner, options);
  }

  append(document: DocumentName, append: LogAppend): Promise<void> {
    return this.#shardOf(document).append(document, append);
  }

  snapshot(document: DocumentName, snapshot: LogSnapshotWrite): Promise<void> {
    return this.#shardOf(document).snapshot(document, snapshot);
  }

  release(document: DocumentName, epoch: number): Promise<void> {
    return this.#shardOf(document).release(document, epoch);
  }

  read(document: DocumentName, range: { readonly afterSeq: number; readonly limit: number }): Promise<LogRead> {
    return this.#shardOf(document).read(document, range);
  }

  readAt(document: DocumentName, moment: LogMoment): Promise<LogReadAt> {
    return this.#shardOf(document).readAt(document, moment);
  }

  install(document: DocumentName, part: LogInstall): Promise<void> {
    return this.#shardOf(document).install(document, part);
  }

  async heads(documents: readonly DocumentName[]): Promise<LogHead[]> {
    const places = new Map<LogEngine, number[]>();
    for (const [place, document] of documents.entries()) {
      const shard = this.#shardOf(document);
      const known = places.get(shard);
      if (known === undefined) places.set(shard, [place]);
      else known.push(place);
    }
    const heads: LogHead[] = [];
    await Promise.all(
      [...places].map(async ([shard, itsPlaces]) => {
        const found = await shard.heads(itsPlaces.map((place) => documents[place]!));
        for (const [index, place] of itsPlaces.entries()) heads[place] = found[index]!;
      }),
    );
    return heads;
  }

  async spaces(page: { readonly afterSpace?: string; readonly limit: number }): Promise<string[]> {
    const pages = await this.#all((shard) => shard.spaces(page));
    return [...new Set(pages.flat())].sort(compareText).slice(0, page.limit);
  }

  async list(space: string, page: { readonly afterKey?: string; readonly limit: number }): Promise<ListedDocument[]> {
    const pages = await this.#all((shard) => shard.list(space, page));
    return merged(pages, page.limit, (a, b) => compareText(a.key, b.key));
  }

  async documents(page: { readonly after?: DocumentName; readonly limit: number }): Promise<KnownDocument[]> {
    const pages = await this.#all((shard) => shard.documents(page));
    return merged(pages, page.limit, (a, b) => compareNames(a.document, b.document));
  }

  async due(page: { readonly before: number; readonly limit: number }): Promise<DueDocument[]> {
    const answers = await Promise.allSettled(this.#shards.map((shard) => shard.due(page)));
    const pages = answers.filter((answer) => answer.status === "fulfilled").map((answer) => answer.value);
    const refused = answers.find((answer) => answer.status === "rejected");
    if (refused !== undefined && pages.length === 0) throw refused.reason;
    return merged(pages, page.limit, (a, b) => a.wakeAt - b.wakeAt || compareNames(a.document, b.document));
  }

  watchFenced(owner: string, listener: FenceListener, missed?: () => void): () => void {
    const stops = this.#shards.map((shard) => shard.watchFenced(owner, listener, missed));
    return () => {
      for (const stop of stops) stop();
    };
  }

  async close(): Promise<void> {
    await Promise.all(this.#shards.map((shard) => shard.close()));
  }

  #shardOf(document: DocumentName): LogEngine {
    // A malformed name belongs to none: any may refuse it.
    return this.#shards[shardOf(document, this.#shards.length)]!;
  }

  async #all<Answer>(ask: (shard: LogEngine) => Promise<Answer>): Promise<Answer[]> {
    return Promise.all(this.#shards.map((shard) => ask(shard)));
  }
}

/** The first rows of several pages that are in order. */
function merged<Row>(pages: readonly Row[][], limit: number, compare: (a: Row, b: Row) => number): Row[] {
  return pages.flat().sort(compare).slice(0, limit);
}
