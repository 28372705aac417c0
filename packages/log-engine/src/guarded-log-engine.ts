import { type DocumentName, ServiceError } from "@tidewire/foundation";
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
import { type LogShard, shardOf, wrongShardError } from "./log-shard.ts";

/**
 * The engine of a log storage, for the documents of its shard only. While it is sealed nothing is written but what is
 * installed from another log: that is how a log is filled before hosts may use it, and left when it has moved.
 */
export class GuardedLogEngine implements LogEngine {
  readonly #engine: LogEngine;
  readonly #shard: LogShard;
  /** `undefined` while it is not sealed. */
  #movedTo: string | undefined;
  #writesUnderWay = 0;
  #idle: (() => void) | undefined;

  constructor(engine: LogEngine, shard: LogShard, seal: { readonly isSealed: boolean; readonly movedTo: string }) {
    this.#engine = engine;
    this.#shard = shard;
    this.#movedTo = seal.isSealed ? seal.movedTo : undefined;
  }

  /** Refuses writes from now on. Resolves when those under way have ended: what is read then is final. */
  async seal(movedTo: string): Promise<void> {
    this.#movedTo = movedTo;
    if (this.#writesUnderWay === 0) return;
    await new Promise<void>((resolve) => {
      const others = this.#idle;
      this.#idle = () => {
        others?.();
        resolve();
      };
    });
  }

  unseal(): void {
    this.#movedTo = undefined;
  }

  open(document: DocumentName, owner: string, options?: { readonly ifExists?: boolean }): Promise<OpenedLog> {
    return this.#write(document, () => this.#engine.open(document, owner, options));
  }

  append(document: DocumentName, append: LogAppend): Promise<void> {
    return this.#write(document, () => this.#engine.append(document, append));
  }

  snapshot(document: DocumentName, snapshot: LogSnapshotWrite): Promise<void> {
    return this.#write(document, () => this.#engine.snapshot(document, snapshot));
  }

  release(document: DocumentName, epoch: number): Promise<void> {
    return this.#write(document, () => this.#engine.release(document, epoch));
  }

  async read(document: DocumentName, range: { readonly afterSeq: number; readonly limit: number }): Promise<LogRead> {
    this.#requireOwn(document);
    return this.#engine.read(document, range);
  }

  async readAt(document: DocumentName, moment: LogMoment): Promise<LogReadAt> {
    this.#requireOwn(document);
    return this.#engine.readAt(document, moment);
  }

  async heads(documents: readonly DocumentName[]): Promise<LogHead[]> {
    for (const document of documents) this.#requireOwn(document);
    return this.#engine.heads(documents);
  }

  async install(document: DocumentName, part: LogInstall): Promise<void> {
    this.#requireOwn(document);
    return this.#engine.install(document, part);
  }

  spaces(page: { readonly afterSpace?: string; readonly limit: number }): Promise<string[]> {
    return this.#engine.spaces(page);
  }

  list(space: string, page: { readonly afterKey?: string; readonly limit: number }): Promise<ListedDocument[]> {
    return this.#engine.list(space, page);
  }

  due(page: { readonly before: number; readonly limit: number }): Promise<DueDocument[]> {
    return this.#engine.due(page);
  }

  documents(page: { readonly after?: DocumentName; readonly limit: number }): Promise<KnownDocument[]> {
    return this.#engine.documents(page);
  }

  watchFenced(owner: string, listener: FenceListener, missed?: () => void): () => void {
    return this.#engine.watchFenced(owner, listener, missed);
  }

  close(): Promise<void> {
    return this.#engine.close();
  }

  /** Not async: appends pass here, and each layer of promises costs them a turn. */
  #write<Result>(document: DocumentName, write: () => Promise<Result>): Promise<Result> {
    try {
      this.#requireOwn(document);
      if (this.#movedTo !== undefined) throw sealedError(this.#movedTo);
    } catch (error) {
      return Promise.reject(ServiceError.from(error));
    }
    this.#writesUnderWay++;
    const written = write();
    written.then(this.#ended, this.#ended);
    return written;
  }

  readonly #ended = (): void => {
    if (--this.#writesUnderWay > 0) return;
    this.#idle?.();
    this.#idle = undefined;
  };

  #requireOwn(document: DocumentName): void {
    const { count, index } = this.#shard;
    if (count > 1 && shardOf(document, count) !== index) throw wrongShardError(this.#shard);
  }
}

/** The error of a write to a log that is being moved, or has been. Nothing was written; somewhere it will be. */
function sealedError(movedTo: string): ServiceError {
  return new ServiceError("unavailable", "the log is sealed: it is being moved, or has been", {
    details: { reason: "sealed", movedTo },
  });
}
