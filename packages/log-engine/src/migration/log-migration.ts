import { type DocumentName, documentPath, ServiceError } from "@tidewire/foundation";
import type { KnownDocument, LogEngine } from "../log-engine.ts";
import { compareContents, copyDeletion, copyDocument, copyWhole, isDeletionCopied, sameHead } from "./document-copy.ts";
import { type PairedDocument, pairedDocuments } from "./paired-documents.ts";

export interface MigrationOptions {
  /** Documents copied or compared at one time. Each holds at most about two messages of the link in memory. */
  readonly concurrency: number;
  /** Documents looked at ahead, of each log. */
  readonly pageSize: number;
}

export const defaultMigrationOptions: MigrationOptions = { concurrency: 8, pageSize: 1_000 };

/** What a round has done so far. */
export interface MigrationCount {
  /** Documents looked at, deleted and merely opened ones included. */
  documents: number;
  /** Documents that differed and were brought up to date. */
  copied: number;
  bytes: number;
}

/** The logs hold what cannot be put right by copying; the text says what. */
export class MigrationError extends Error {
  override readonly name = "MigrationError";
}

/**
 * Moves all documents of one log to another that nobody else writes.
 *
 * There is no state beside the two logs: a round walks through both in order and copies what differs, judged by epoch and
 * seq. So it can be broken off anywhere and begun again, while the source goes on; each round finds less to do. When the
 * source takes no more writes, one last round makes both the same. The epochs come along, and the target hands out only
 * greater ones: a writer from before the move is fenced there for ever.
 */
export class LogMigration {
  readonly #source: LogEngine;
  readonly #target: LogEngine;
  readonly #options: MigrationOptions;
  readonly #onProgress: (count: MigrationCount) => void;

  constructor(
    logs: { readonly source: LogEngine; readonly target: LogEngine },
    options: Partial<MigrationOptions> = {},
    onProgress: (count: MigrationCount) => void = () => {},
  ) {
    this.#source = logs.source;
    this.#target = logs.target;
    this.#options = { ...defaultMigrationOptions, ...options };
    this.#onProgress = onProgress;
  }

  /** How many documents differ. Changes nothing. */
  async survey(): Promise<MigrationCount> {
    return this.#round(() => Promise.resolve(0));
  }

  /** Copies what differs, as it is when it is looked at. */
  async copy(): Promise<MigrationCount> {
    return this.#round(({ source, target }) => copyDocument(this.#source, this.#target, source!, target));
  }

  /**
   * For when the source takes no writes any more: throws `MigrationError` unless every document is in both logs with the
   * same head and the same bytes. Documents of which the source has taken a snapshot since are copied once more.
   */
  async verify(): Promise<MigrationCount> {
    return this.#round(
      async ({ document }) => {
        throw new MigrationError(`${documentPath(document)} is not the same in both logs: copy again`);
      },
      (pair) => this.#compare(pair),
    );
  }

  async #compare({ document, source }: PairedDocument): Promise<void> {
    if (source!.seq === 0) return;
    if (source!.isDeleted) return this.#compareDeletion(source!);
    const compare = (afterSeq?: number) => compareContents(this.#source, this.#target, document, afterSeq);
    let comparison = await compare();
    if (comparison !== "same") {
      const isRenewed = await this.#renew(source!);
      const { snapshot } = await this.#source.read(document, { afterSeq: 0, limit: 1 });
      // What the snapshot replaces was compared when the link carried it; what follows is compared now.
      comparison = isRenewed ? await compare() : await compare(snapshot?.seq);
    }
    if (comparison !== "same") {
      throw new MigrationError(`the records of ${documentPath(document)} are not the same in both logs`);
    }
  }

  async #compareDeletion(row: KnownDocument): Promise<void> {
    const isCopied = (): Promise<boolean> => isDeletionCopied(this.#source, this.#target, row.document);
    if (await isCopied()) return;
    await copyDeletion(this.#source, this.#target, row);
    if (await isCopied()) return;
    throw new MigrationError(`the deletion of ${documentPath(row.document)} is not the same in both logs`);
  }

  /** Copies a document again; false if it is too large to be replaced in one step, because its pieces are older then. */
  async #renew(row: KnownDocument): Promise<boolean> {
    try {
      await copyWhole(this.#source, this.#target, row);
      return true;
    } catch (error) {
      if (ServiceError.from(error).code !== "fenced") throw error;
      return false;
    }
  }

  async #round(
    differs: (pair: PairedDocument) => Promise<number>,
    agrees: (pair: PairedDocument) => Promise<void> = () => Promise.resolve(),
  ): Promise<MigrationCount> {
    const count: MigrationCount = { documents: 0, copied: 0, bytes: 0 };
    const work = async (pair: PairedDocument): Promise<void> => {
      const { source, target, document } = pair;
      count.documents++;
      if (source === undefined) {
        throw new MigrationError(
          `the target holds ${documentPath(document)}, which the source does not know: begin with an empty target`,
        );
      }
      if (target !== undefined && sameHead(source, target)) await agrees(pair);
      else {
        count.bytes += await differs(pair).catch((error: unknown) => {
          throw errorOf(error, document);
        });
        count.copied++;
      }
      this.#onProgress(count);
    };
    await inParallel(
      pairedDocuments(this.#source, this.#target, this.#options.pageSize),
      this.#options.concurrency,
      work,
    );
    return count;
  }
}

/** Something newer in the target is nothing that can be waited for. */
function errorOf(error: unknown, document: DocumentName): unknown {
  if (!(error instanceof ServiceError) || error.code !== "fenced") return error;
  return new MigrationError(
    `the target holds something newer of ${documentPath(document)}: it has been written to by others; begin with an empty one`,
  );
}

/** Works through items that come one by one, some at a time. The first error ends it, when the others are done. */
async function inParallel<Item>(
  items: AsyncGenerator<Item>,
  concurrency: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  let hasFailed = false;
  const worker = async (): Promise<void> => {
    while (!hasFailed) {
      const next = await items.next();
      if (next.done === true) return;
      try {
        await work(next.value);
      } catch (error) {
        hasFailed = true;
        throw error;
      }
    }
  };
  const outcomes = await Promise.allSettled(Array.from({ length: concurrency }, worker));
  const failed = outcomes.find((outcome) => outcome.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}
