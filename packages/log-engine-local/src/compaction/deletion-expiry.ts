import { encodeMoved, NOWHERE } from "../format/payloads.ts";
import { RecordType } from "../format/record.ts";
import type { LogTime } from "../history/log-time.ts";
import type { DocumentEntry } from "../index/document-entry.ts";
import type { DocumentIndex } from "../index/document-index.ts";
import type { GroupCommit } from "../wal/group-commit.ts";

export interface DeletionExpiryModules {
  readonly index: DocumentIndex;
  readonly commits: GroupCommit;
  readonly time: LogTime;
}

export interface DeletionExpiryOptions {
  readonly deletionMs: number;
  readonly deletionsMaxBytes: number;
}

/** Deletions let go of in one round; each costs a record of 56 bytes in the log. */
const ROUND_MAX = 4_096;
/** Of them, how many go into the log at one time. */
const GROUP = 256;

/**
 * Lets go of the records of deletions when they are old enough, or too many. Through the log: what a start finds in a
 * checkpoint must not need a file that has gone since. What fails is tried again after the next start.
 */
export class DeletionExpiry {
  readonly #modules: DeletionExpiryModules;
  readonly #options: DeletionExpiryOptions;

  constructor(modules: DeletionExpiryModules, options: DeletionExpiryOptions) {
    this.#modules = modules;
    this.#options = options;
  }

  async round(): Promise<void> {
    for (let done = 0; done < ROUND_MAX; done += GROUP) {
      const group = this.#nextGroup();
      if (group.length === 0) return;
      await Promise.all(group);
    }
  }

  #nextGroup(): Promise<void>[] {
    const { deletions, deletionBytes } = this.#modules.index;
    const { deletionMs, deletionsMaxBytes } = this.#options;
    const now = this.#modules.time.nowMs;
    let bytes = deletionBytes;
    const group: Promise<void>[] = [];
    while (group.length < GROUP) {
      const next = deletions.oldest;
      if (next === undefined || (bytes <= deletionsMaxBytes && now - next.atMs < deletionMs)) break;
      deletions.shift();
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
