import { type DocumentName, documentPath, ServiceError } from "@tidewire/foundation";
import type { LogEngine } from "@tidewire/log-engine";

/** A host that writes to its documents without end and remembers what was acknowledged. */
export class Writers {
  /** By document: the texts of the acknowledged patches. */
  readonly acknowledged = new Map<string, string[]>();
  refused = 0;
  total = 0;
  readonly #documents: readonly DocumentName[];
  #log: LogEngine;
  #isStopping = false;
  readonly #running: Promise<void>[];

  constructor(log: LogEngine, documents: readonly DocumentName[]) {
    this.#log = log;
    this.#documents = documents;
    this.#running = documents.map((document) => this.#write(document));
  }

  /** From here on at another log; what is under way ends at the old one. */
  switchTo(log: LogEngine): void {
    this.#log = log;
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    await Promise.all(this.#running);
  }

  /** Every acknowledged patch, in its place, once; and nothing but what was sent. Returns what is missing or wrong. */
  async missing(log: LogEngine): Promise<string[]> {
    const wrong: string[] = [];
    for (const document of this.#documents) {
      const path = documentPath(document);
      const expected = this.acknowledged.get(path) ?? [];
      const { snapshot, patches } = await log.open(document, "checker");
      const texts = patches.map(({ data }) => Buffer.from(data).toString());
      const from = snapshot === undefined ? 0 : Number(Buffer.from(snapshot.data).toString());
      const tail = expected.slice(from);
      // One more may have been committed whose answer was lost.
      const isWhole = tail.every((text, index) => texts[index] === text) && texts.length <= tail.length + 1;
      if (!isWhole) wrong.push(`${path}: ${expected.length} acknowledged, ${from}+${texts.length} stored`);
    }
    return wrong;
  }

  async #write(document: DocumentName): Promise<void> {
    const path = documentPath(document);
    const done: string[] = [];
    this.acknowledged.set(path, done);
    while (!this.#isStopping) {
      try {
        await this.#ownAndAppend(this.#log, document, done);
      } catch (error) {
        if (!(error instanceof ServiceError) || !error.retryable) throw error;
        this.refused++;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }

  async #ownAndAppend(log: LogEngine, document: DocumentName, done: string[]): Promise<void> {
    const opened = await log.open(document, "host-a");
    let { seq } = opened;
    // Committed, but its answer was lost.
    if (seq === done.length + 1) done.push(`${documentPath(document)} patch ${seq}`);
    while (!this.#isStopping && this.#log === log) {
      const data = Buffer.from(`${documentPath(document)} patch ${seq + 1}`);
      await log.append(document, { epoch: opened.epoch, expectedSeq: seq, seq: seq + 1, data });
      seq++;
      done.push(data.toString());
      this.total++;
      if (seq % 40 === 0) {
        await log.snapshot(document, { epoch: opened.epoch, seq, data: Buffer.from(String(seq)) });
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}
