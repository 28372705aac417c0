import { fitting } from "./answer-size.ts";
import type { LogInstall } from "./log-engine.ts";

/** A part of a document in pieces that each fit into one message, to be installed one after the other. */
export function* piecesOf(part: LogInstall): Generator<LogInstall> {
  const { epoch, wakeAt, isDeleted, deletion } = part;
  const buried = deletion === undefined ? {} : { deletion };
  let { afterSeq, replaces, snapshot, patches } = part;
  for (;;) {
    const piece = fitting(snapshot === undefined ? { patches } : { snapshot, patches });
    const isLast = piece.patches.length === patches.length;
    const timer = isLast && wakeAt !== undefined ? { wakeAt } : {};
    yield { epoch, afterSeq, replaces, isDeleted, ...buried, ...piece, ...timer };
    if (isLast) return;
    afterSeq = piece.patches.at(-1)?.seq ?? afterSeq;
    patches = patches.slice(piece.patches.length);
    snapshot = undefined;
    replaces = false;
  }
}
