import { type DocumentName, documentName, documentPath, ServiceError } from "@tidewire/foundation";
import type { LinkServices, ServerStream, ServerStreamHandlers } from "@tidewire/link";
import { type Fenced, serveLog, serveLogTransfer } from "@tidewire/protocol-log";
import { fitting, TAIL_MAX_BYTES } from "./answer-size.ts";
import { argumentError } from "./log-checks.ts";
import type { LogEngine, LogMoment, LogRead, LogReadAt } from "./log-engine.ts";
import { type LogShard, wrongShardError } from "./log-shard.ts";

/** Fence events that wait for credit of one watcher; beyond it the watcher is cut off, and asks again. */
const WAITING_FENCES_MAX = 65_536;

/** What a process that serves a log says about it. */
export interface ServedLog {
  /** The engine's name, for people. */
  readonly kind: string;
  readonly shard: LogShard;
  readonly isSealed: boolean;
  /** If it is sealed: where the log has gone, if that is known. */
  readonly movedTo: string;
  /** Refuses writes from now on, or takes them again. Durable when it resolves. */
  seal(isSealed: boolean, movedTo: string): Promise<void>;
}

/**
 * Serves a log engine over the link, for `RemoteLogEngine` on the other end. Answers are cut to what one message carries, or less;
 * the other end asks for the rest. What belongs to moving a log is served to tools only.
 */
export function serveLogEngine(engine: LogEngine, services: LinkServices, served: ServedLog = undividedLog): void {
  serveLog(services, {
    open: async ({ space, key, owner, ifExists, shardCount = 1 }) => {
      // Without an epoch nothing is written: a host that divides the documents otherwise never gets further than this.
      if (shardCount !== served.shard.count) throw wrongShardError(served.shard);
      const opened = await engine.open(documentName(space, key), owner, { ifExists: ifExists === true });
      const { epoch, seq, isDeleted } = opened;
      return { epoch, seq, isDeleted, ...fitting(opened, TAIL_MAX_BYTES) };
    },
    append: async ({ space, key, ...append }) => {
      const { epoch, expectedSeq, seq, data, wakeAt, deletes } = append;
      const timer = wakeAt === undefined ? {} : { wakeAt };
      await engine.append(documentName(space, key), { epoch, expectedSeq, seq, data, deletes, ...timer });
      return {};
    },
    snapshot: async ({ space, key, epoch, seq, data }) => {
      await engine.snapshot(documentName(space, key), { epoch, seq, data });
      return {};
    },
    release: async ({ space, key, epoch }) => {
      await engine.release(documentName(space, key), epoch);
      return {};
    },
    read: async ({ space, key, afterSeq, limit }) =>
      fitting(await engine.read(documentName(space, key), { afterSeq, limit }), TAIL_MAX_BYTES),
    list: async ({ space, afterKey, limit }) => ({
      documents: await engine.list(space, { limit, ...(afterKey === undefined ? {} : { afterKey }) }),
    }),
    due: async ({ before, limit }) => {
      const due = await engine.due({ before, limit });
      return { documents: due.map(({ document, wakeAt }) => ({ ...document, wakeAt })) };
    },
    watch: ({ owner, confirm }, stream) => new FenceFeed(engine, { owner, confirms: confirm === true }, stream),
    describe: () => {
      const { shard, isSealed, movedTo, kind } = served;
      return { shard, isSealed, movedTo, engine: kind };
    },
    heads: async ({ documents }) => ({
      heads: await engine.heads(documents.map(({ space, key }) => documentName(space, key))),
    }),
    spaces: async ({ afterSpace, limit }) => ({
      spaces: await engine.spaces({ limit, ...(afterSpace === undefined ? {} : { afterSpace }) }),
    }),
    readAt: async ({ space, key, seq, beforeMs, afterSeq }) => {
      const state = await engine.readAt(documentName(space, key), momentOf(seq, beforeMs));
      return { seq: state.seq, isDeleted: state.isDeleted, ...fitting(unknownPart(state, afterSeq)) };
    },
  });
  serveLogTransfer(services, {
    documents: async ({ after, limit }) => {
      const from = after === undefined ? {} : { after: documentName(after.space, after.key) };
      const known = await engine.documents({ limit, ...from });
      return { documents: known.map(({ document, ...head }) => ({ ...document, head })) };
    },
    install: async ({ space, key, snapshot, wakeAt, deletion, ...part }) => {
      const { epoch, afterSeq, replaces, patches, isDeleted } = part;
      const given = {
        ...(snapshot === undefined ? {} : { snapshot }),
        ...(wakeAt === undefined ? {} : { wakeAt }),
        ...(deletion === undefined ? {} : { deletion }),
      };
      const name = documentName(space, key);
      await engine.install(name, { epoch, afterSeq, replaces, patches, isDeleted, ...given });
      return {};
    },
    seal: async ({ isSealed, movedTo }) => {
      await served.seal(isSealed, movedTo);
      return {};
    },
  });
}

const undividedLog: ServedLog = {
  kind: "log",
  shard: { index: 0, count: 1 },
  isSealed: false,
  movedTo: "",
  seal: () => Promise.reject(new ServiceError("unsupported", "this log cannot be sealed")),
};

function momentOf(seq: number | undefined, beforeMs: number | undefined): LogMoment {
  if (seq !== undefined && beforeMs === undefined) return { seq };
  if (beforeMs !== undefined && seq === undefined) return { beforeMs };
  throw argumentError("seq", "give either seq or beforeMs");
}

/** What the caller does not have yet. */
function unknownPart(state: LogReadAt, afterSeq: number | undefined): LogRead {
  if (afterSeq === undefined) return state;
  if (state.snapshot !== undefined && state.snapshot.seq > afterSeq) {
    throw new ServiceError("unavailable", "a snapshot has replaced what follows: ask for all of it again");
  }
  return { patches: state.patches.filter((patch) => patch.seq > afterSeq) };
}

/** Tells one watcher which documents its owner has lost, as fast as the watcher takes it. */
class FenceFeed implements ServerStreamHandlers<unknown> {
  readonly #stream: ServerStream<Fenced>;
  readonly #stop: () => void;
  /** By document: only the newest epoch matters. */
  readonly #waiting = new Map<string, Fenced>();

  constructor(
    engine: LogEngine,
    watch: { readonly owner: string; readonly confirms: boolean },
    stream: ServerStream<Fenced>,
  ) {
    this.#stream = stream;
    const askAgain = (): void => {
      if (watch.confirms) this.#send({ space: "", key: "", epoch: 0 });
    };
    this.#stop = engine.watchFenced(watch.owner, (document, epoch) => this.#tell(document, epoch), askAgain);
    askAgain();
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
    this.#send({ space: document.space, key: document.key, epoch });
  }

  #send(fenced: Fenced): void {
    if (this.#stream.credit > 0 && this.#waiting.size === 0) {
      this.#stream.send(fenced);
      return;
    }
    this.#waiting.set(documentPath(fenced), fenced);
    if (this.#waiting.size <= WAITING_FENCES_MAX) return;
    this.cancelled();
    this.#stream.end(new ServiceError("overloaded", "too many fenced documents wait for this watcher"));
  }
}
