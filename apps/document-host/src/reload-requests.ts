import type { DocumentHost } from "@tidewire/document-host-engine";
import { documentPath, type Logger } from "@tidewire/foundation";
import { firstLine } from "./document-file.ts";
import type { ServedDocuments } from "./served-documents.ts";

/** What a supervisor asks over its channel. */
interface ReloadRequest {
  readonly kind: "reload-documents";
  readonly id: number;
}

/** The answer: `refusal` if nothing was taken. */
interface ReloadAnswer {
  readonly kind: "documents-reloaded";
  readonly id: number;
  readonly refusal?: string;
  readonly spaces: readonly string[];
  /** In memory, of these spaces. */
  readonly documents: number;
  /** Documents that go on under the old code, and why. */
  readonly behind: readonly { readonly document: string; readonly reason: string }[];
}

/**
 * Hot reload, for development: a supervisor that started this process over a channel (`tidewire up`) may ask it to read its
 * document files again. Nobody else can, so a host of a production service never does. One at a time, in order.
 */
export function serveReloads(documents: ServedDocuments, host: DocumentHost, logger: Logger): void {
  if (process.send === undefined) return;
  let last = Promise.resolve();
  process.on("message", (message: Partial<ReloadRequest> | null) => {
    if (message?.kind !== "reload-documents" || typeof message.id !== "number") return;
    const { id } = message;
    last = last.then(async () => {
      const answer: ReloadAnswer = { kind: "documents-reloaded", id, ...(await reload(documents, host)) };
      logger.info({ ...answer }, "document files were read again");
      process.send?.(answer);
    });
  });
}

async function reload(documents: ServedDocuments, host: DocumentHost): Promise<Omit<ReloadAnswer, "kind" | "id">> {
  try {
    const runtimes = await documents.reload();
    const replaced = await Promise.all(runtimes.map((runtime) => host.replaceRuntime(runtime)));
    return {
      spaces: runtimes.map(({ space }) => space),
      documents: replaced.reduce((sum, { documents: count }) => sum + count, 0),
      behind: replaced.flatMap(({ refused }) =>
        refused.map(({ document, error }) => ({ document: documentPath(document), reason: reasonOf(error) })),
      ),
    };
  } catch (error) {
    return { refusal: firstLine(error), spaces: [], documents: 0, behind: [] };
  }
}

/** What the document's code said is in the innermost cause; it goes to whoever wrote it, not to a client. */
function reasonOf(error: Error): string {
  let cause: unknown = error;
  while (cause instanceof Error && cause.cause !== undefined) cause = cause.cause;
  return cause === error ? firstLine(error) : `${firstLine(error)}: ${firstLine(cause)}`;
}
