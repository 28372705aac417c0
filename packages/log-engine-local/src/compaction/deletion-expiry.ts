import type { Clock } from "@tidewire/foundation";
import { encodeMoved, NOWHERE } from "../format/payloads.ts";
import { RecordType } from "../format/record.ts";
import type { DocumentEntry } from "../index/document-entry.ts";
import type { DocumentIndex } from "../index/document-index.ts";
import type { GroupCommit } from "../wal/group-commit.ts";

export interface DeletionExpiryModules {
  readonly index: DocumentIndex;
  readonly commits: GroupCommit;
  readonly clock: Clock;
}

export interface DeletionExpiryOptions {
  readonly deletionMs: number;
  readonly deletionsMaxBytes: number;
}

/** Deletions let go of in one round; each costs a record of 56 bytes in the log. */
const ROUND_MAX = 4_096;
/** Of them, how many go into the log at one time. */
const GROUP = 256;
/** So many times a `deletionMs` it is noted what had been deleted by then. */
const MARKS = 256;

/**
 * Lets go of the records of deletions when they are old enough, or too many. Through the log: what a start finds in a
 * checkpoint must not need a file that has gone since. What fails is tried again after the next start.
 */
export class DeletionExpiry {
  readonly #modules: DeletionExpiryModules;
  readonly #options: DeletionExpiryOptions;
  /** Which place the queue of deletions had reached at which time, oldest first. */
  readonly #marks: { readonly end: number; readonly at: number }[] = [];
  /** Up to this place everything is old enough. */
  #expiredEnd = 0;

  constructor(modules: DeletionExpiryModules, options: DeletionExpiryOptions) {
    this.#modules = modules;
    this.#options = options;
  }

  async round(): Promise<void> {
    this.#mark();
    for (let done = 0; done < ROUND_MAX; done += GROUP) {
      const group = this.#nextGroup();
      if (group.length === 0) return;
      await Promise.all(group);
    }
  }

  #mark(): void {
    const { deletionMs } = this.#options;
    const now = this.#modules.clock.monotonicMs();
    const { end } = this.#modules.index.deletions;
    const last = this.#marks.at(-1);
    const isNews = (last?.end ?? 0) < end && now - (last?.at ?? Number.NEGATIVE_INFINITY) >= deletionMs / MARKS;
    if (isNews) this.#marks.push({ end, at: now });
    while (this.#marks.length > 0 && now - this.#marks[0]!.at >= deletionMs) {
      this.#expiredEnd = this.#marks.shift()!.end;
    }
  }

  #nextGroup(): Promise<void>[] {
    const { deletions, deletionBytes } = this.#modules.index;
    let bytes = deletionBytes;
    const group: Promise<void>[] = [];
    while (group.length < GROUP) {
      const next = deletions.take(bytes > this.#options.deletionsMaxBytes ? deletions.end : this.#expiredEnd);
      if (next === undefined) break;
      const entry = this.#modules.index.peek(next.documentId);
      if (entry?.isDeleted !== true || entry.seq !== next.seq || entry.patches.count === 0) continue;
      bytes -= entry.patches.lengthAt(0);
      group.push(this.#letGo(entry, entry.patches.locationAt(0)));
    }
    return group;
  }

  #letGo({ id: documentId, seq, epoch }: DocumentEntry, from: number): Promise<void> {
    const { index, commits } = this.#modules;
    const payload = encodeMoved({ ...NOWHERE, from });
    const record = { type: RecordType.relocation, documentId, seq, epoch, span: 0, payload };
    return new Promise((resolve, reject) => {
      const commit = (): void => {
        const entry = index.byId(documentId);
        if (entry !== undefined) index.dropDeletion(entry, seq, from);
        resolve();
      };
      commits.add(record, { commit, fail: reject });
    });
  }
}
