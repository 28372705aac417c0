import { type DocumentName, ServiceError } from "@tidewire/foundation";
import type { LogEngine } from "@tidewire/log-engine";

export interface PutBack {
  readonly data: Uint8Array;
  readonly wakeAt?: number;
}

export interface PutBackResult {
  /** Head before, and the seq the restored state has. */
  readonly fromSeq: number;
  readonly seq: number;
  readonly attempts: number;
}

/** The host that owns the document takes it back at once, and waits longer each time: some attempt is undisturbed. */
const ATTEMPTS = 20;
const PAUSE_MS = 50;

/**
 * Writes a document's state to a running log: takes its epoch, which fences the host that has it, and appends one record
 * behind the head. The host then opens the document again and finds that record. Repeats until it is certain.
 */
export async function putBack(
  engine: LogEngine,
  document: DocumentName,
  owner: string,
  encode: (range: { readonly from: number; readonly to: number }) => PutBack,
): Promise<PutBackResult> {
  let failure: unknown;
  let written: { readonly seq: number; readonly data: Uint8Array } | undefined;
  for (let attempts = 1; attempts <= ATTEMPTS; attempts++) {
    try {
      const { epoch, seq: fromSeq, patches } = await engine.open(document, owner);
      // The answer to the attempt before may have been lost.
      const found = written === undefined ? undefined : patches.find(({ seq }) => seq === written?.seq);
      if (written !== undefined && found !== undefined && Buffer.from(found.data).equals(written.data)) {
        await engine.release(document, epoch);
        return { fromSeq: written.seq - 1, seq: written.seq, attempts };
      }
      const seq = fromSeq + 1;
      const record = encode({ from: fromSeq, to: seq });
      written = { seq, data: record.data };
      await engine.append(document, { epoch, expectedSeq: fromSeq, seq, ...record });
      await engine.release(document, epoch);
      return { fromSeq, seq, attempts };
    } catch (error) {
      if (!isPassing(error)) throw error;
      failure = error;
    }
    await new Promise((resolve) => {
      setTimeout(resolve, PAUSE_MS * attempts);
    });
  }
  throw failure as Error;
}

function isPassing(error: unknown): boolean {
  return error instanceof ServiceError && (error.code === "fenced" || error.retryable);
}
