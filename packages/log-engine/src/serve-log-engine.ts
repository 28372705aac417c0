import { type DocumentName, documentName, documentPath, ServiceError } from "@tidewire/foundation";
import type { LinkServices, ServerStream, ServerStreamHandlers } from "@tidewire/link";
import { type Fenced, LogService } from "@tidewire/protocol-log";
import { fitting } from "./answer-size.ts";
import type { LogEngine } from "./log-engine.ts";

/** Fence events that wait for credit of one watcher; beyond it the watcher is cut off, and asks again. */
const WAITING_FENCES_MAX = 65_536;

/**
 * Serves a log engine over the link, for `RemoteLogEngine` on the other end. Answers are cut to what one message carries;
 * the other end asks for the rest.
 */
export function serveLogEngine(engine: LogEngine, services: LinkServices): void {
  const { methods } = LogService;
  services.unary(methods.open, async ({ space, key, owner }) => {
    const opened = await engine.open(documentName(space, key), owner);
    const { epoch, seq, isDeleted } = opened;
    return { epoch, seq, isDeleted, ...fitting(opened) };
  });
  services.unary(methods.append, async ({ space, key, ...append }) => {
    const { epoch, expectedSeq, seq, data, wakeAt, deletes } = append;
    const timer = wakeAt === undefined ? {} : { wakeAt };
    await engine.append(documentName(space, key), { epoch, expectedSeq, seq, data, deletes, ...timer });
    return {};
  });
  services.unary(methods.snapshot, async ({ space, key, epoch, seq, data }) => {
    await engine.snapshot(documentName(space, key), { epoch, seq, data });
    return {};
  });
  services.unary(methods.release, async ({ space, key, epoch }) => {
    await engine.release(documentName(space, key), epoch);
    return {};
  });
  services.unary(methods.read, async ({ space, key, afterSeq, limit }) =>
    fitting(await engine.read(documentName(space, key), { afterSeq, limit })),
  );
  services.unary(methods.list, async ({ space, afterKey, limit }) => ({
    documents: await engine.list(space, { limit, ...(afterKey === undefined ? {} : { afterKey }) }),
  }));
  services.unary(methods.due, async ({ before, limit }) => {
    const due = await engine.due({ before, limit });
    return { documents: due.map(({ document, wakeAt }) => ({ ...document, wakeAt })) };
  });
  services.stream(methods.watch, ({ owner }, stream) => new FenceFeed(engine, owner, stream));
}

/** Tells one watcher which documents its owner has lost, as fast as the watcher takes it. */
class FenceFeed implements ServerStreamHandlers<unknown> {
  readonly #stream: ServerStream<Fenced>;
  readonly #stop: () => void;
  /** By document: only the newest epoch matters. */
  readonly #waiting = new Map<string, Fenced>();

  constructor(engine: LogEngine, owner: string, stream: ServerStream<Fenced>) {
    this.#stream = stream;
    this.#stop = engine.watchFenced(owner, (document, epoch) => this.#tell(document, epoch));
  }

  credit(): void {
    for (const [path, fenced] of this.#waiting) {
      if (this.#stream.credit === 0) return;
      this.#waiting.delete(path);
      this.#stream.send(fenced);
    }
  }

  cancelled(): void {
    this.#stop();
    this.#waiting.clear();
  }

  #tell(document: DocumentName, epoch: number): void {
    const fenced = { space: document.space, key: document.key, epoch };
    if (this.#stream.credit > 0 && this.#waiting.size === 0) {
      this.#stream.send(fenced);
      return;
    }
    this.#waiting.set(documentPath(document), fenced);
    if (this.#waiting.size <= WAITING_FENCES_MAX) return;
    this.cancelled();
    this.#stream.end(new ServiceError("overloaded", "too many fenced documents wait for this watcher"));
  }
}
