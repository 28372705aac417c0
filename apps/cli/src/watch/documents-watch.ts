import type { SupervisedProcess } from "../up/supervised-process.ts";
import { DocumentsReload, type ReloadReport } from "./documents-reload.ts";
import { FileWatch } from "./file-watch.ts";
import { SourceBundle } from "./source-bundle.ts";
import type { WatchedDocuments } from "./watched-documents.ts";

export interface WatchEvents {
  /** Hosts have looked at new files. */
  reloaded(report: ReloadReport): void;
  /** The sources cannot be built; nobody has seen them. */
  broken(text: string): void;
}

/** Hot reload: sources become bundles, and changed bundles new code in the running hosts. For development. */
export class DocumentsWatch {
  readonly #documents: WatchedDocuments;
  readonly #isWatching: boolean;
  readonly #events: WatchEvents;
  #bundles: SourceBundle[] = [];
  #files: FileWatch | undefined;

  /** Without `isWatching` sources are built once, and nothing is followed. */
  constructor(documents: WatchedDocuments, isWatching: boolean, events: WatchEvents) {
    this.#documents = documents;
    this.#isWatching = isWatching;
    this.#events = events;
  }

  /** Resolves when every bundle is there. Rejects with what the sources have wrong. */
  async build(): Promise<void> {
    for (const files of this.#documents.sources) {
      this.#bundles.push(await SourceBundle.start(files, this.#isWatching, (text) => this.#events.broken(text)));
    }
  }

  /** From now on changes reach the hosts. */
  follow(hosts: () => readonly SupervisedProcess[]): void {
    if (!this.#isWatching) return;
    const reload = new DocumentsReload(hosts, (report) => this.#events.reloaded(report));
    this.#files = new FileWatch(this.#documents.bundles, () => reload.request());
    // For what changed while the hosts were starting.
    reload.request();
  }

  async stop(): Promise<void> {
    this.#files?.stop();
    await Promise.all(this.#bundles.map((bundle) => bundle.stop()));
  }
}
